/* SPDX-License-Identifier: MIT */
#include "client/check.h"

#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/file.h"
#include "schema/schema.h"
#include "schema/validate.h"

#include "base/banned.h"

#define MEMORY (64U << 20)
#define FILE_BYTES (16U << 20)

/* What was found, so far. */
struct findings {
    const struct config *config;
    struct arena *arena;
    token_file_check *check_token;
    int count;
};

static void find(struct findings *findings, const char *what, const struct status *status)
{
    printf("✗ %s: %s\n", what, status->message);
    findings->count++;
}

/* The messages around one, from the inside out. */
struct around {
    const struct schema_message *message;
    const struct around *outer;
};

static bool is_around(const struct around *around, const struct schema_message *message)
{
    for (; around; around = around->outer)
        if (around->message == message)
            return true;
    return false;
}

/* Fields of messages inside are named as a path; those of a type inside itself are left out. */
static void print_fields(const struct schema_message *message, struct text path,
                         const struct around *outer, struct arena *arena)
{
    const struct around around = {message, outer};
    for (size_t i = 0; i < message->field_count; i++) {
        const struct schema_field *field = &message->fields[i];
        struct buffer name, rules;
        buffer_init(&name, arena, 64);
        buffer_init(&rules, arena, 64);
        buffer_add_text(&name, path);
        buffer_add_text(&name, field->name);
        rules_describe(field->rules, &rules);
        printf("    %-24.*s %.*s\n", text_arguments(buffer_text(&name)),
               text_arguments(rules.bytes ? buffer_text(&rules) : text_literal("any")));
        buffer_add_char(&name, '.');
        if (field->message && field->message->has_rules && !is_around(&around, field->message))
            print_fields(field->message, buffer_text(&name), &around, arena);
    }
}

static void check_schema(struct findings *findings)
{
    struct status status;
    struct schema *schema;
    size_t count;
    if (!schema_open(findings->config->descriptor_set, findings->arena, &schema, &status)) {
        find(findings, "--descriptor-set", &status);
        return;
    }
    const struct schema_method *methods = schema_methods(schema, &count);
    puts("RPCs");
    for (size_t i = 0; i < count; i++) {
        printf("  %s\n    %.*s %.*s\n", methods[i].path, text_arguments(methods[i].rule.method),
               text_arguments(methods[i].rule.template));
        print_fields(methods[i].request, text_literal(""), NULL, findings->arena);
    }
    schema_free(schema);
}

static void check_serving(struct findings *findings)
{
    struct status status;
    if (!config_check_serve(findings->config, &status))
        find(findings, "options", &status);
}

static void check_token_file(struct findings *findings)
{
    struct status status;
    size_t bytes;
    if (findings->check_token(findings->config->token_file, &bytes, &status))
        printf("✓ --token-file: a token of %zu bytes\n", bytes);
    else
        find(findings, "--token-file", &status);
}

static void check_ca_file(struct findings *findings)
{
    static const char begin[] = "-----BEGIN CERTIFICATE-----";
    struct status status;
    struct text pem;
    if (!findings->config->upstream_ca_file)
        return;
    bool good =
        file_read(findings->config->upstream_ca_file, FILE_BYTES, findings->arena, &pem, &status);
    if (good && !memmem(pem.at, pem.bytes, begin, sizeof begin - 1))
        good = status_fail(&status, STATUS_FAILED_PRECONDITION, "%s holds no certificate in PEM",
                           findings->config->upstream_ca_file);
    if (good)
        puts("✓ --upstream-ca-file: it has certificates");
    else
        find(findings, "--upstream-ca-file", &status);
}

/* Of the URL whose host is connected to first. */
static void check_name(struct findings *findings)
{
    struct status status;
    struct addrinfo *found = NULL, hints = {.ai_socktype = SOCK_STREAM};
    const struct config *config = findings->config;
    const char *option = config->upstream_proxy ? "--upstream-proxy" : "--upstream";
    const char *url = config->upstream_proxy ? config->upstream_proxy : config->upstream;
    if (!url)
        return;
    const char *host = strstr(url, "://") + 3;
    bool bracketed = *host == '[';
    host += bracketed;
    const char *name = arena_copy(findings->arena, host, strcspn(host, bracketed ? "]" : ":/"));
    int error = name ? getaddrinfo(name, NULL, &hints, &found) : EAI_MEMORY;
    if (error) {
        status_set(&status, STATUS_UNAVAILABLE, "look up %s: %s", name ? name : url,
                   gai_strerror(error));
        find(findings, option, &status);
        return;
    }
    freeaddrinfo(found);
    printf("✓ %s: %s has an address\n", option, name);
}

static void print_config(struct findings *findings)
{
    struct buffer resolved;
    buffer_init(&resolved, findings->arena, 4096);
    config_write_resolved(findings->config, &resolved);
    printf("Options\n%.*s", text_arguments(buffer_text(&resolved)));
}

int client_check(const struct config *config, token_file_check *check_token)
{
    static void (*const checks[])(struct findings * findings) = {
        print_config, check_schema, check_serving, check_token_file, check_ca_file, check_name,
    };
    struct arena arena;
    struct findings findings = {.config = config, .arena = &arena, .check_token = check_token};
    arena_init(&arena, MEMORY);
    for (size_t i = 0; i < array_length(checks); i++)
        checks[i](&findings);
    arena_clear(&arena);
    return findings.count > 0 || fflush(stdout) != 0;
}
