/* SPDX-License-Identifier: MIT */
#include "client/check.h"

#include <netdb.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/memory.h"
#include "constraint/validate.h"
#include "rest/served.h"
#include "schema/schema.h"

#include "base/banned.h"

#define MEMORY (64U << 20)

/* The findings so far. */
struct findings {
    const struct config *config;
    struct arena *arena;
    const struct check_functions *functions;
    int count;
};

static void print_line(const char *format, ...) printf_like(1, 2);

/* Texts of descriptor sets and certificates may have control characters. */
static void print_line(const char *format, ...)
{
    char *line = NULL;
    va_list arguments;
    va_start(arguments, format);
    int size = vasprintf(&line, format, arguments);
    va_end(arguments);
    memory_expect(size < 0 ? NULL : line);
    command_print(stdout, "", (struct text){line, (size_t)size});
    free(line);
}

static void report(struct findings *findings, const char *subject, const struct status *status)
{
    print_line("✗ %s: %s", subject, status->message);
    findings->count++;
}

/* The messages that enclose a field, from the inside out. */
struct enclosing {
    const struct schema_message *message;
    const struct enclosing *outer;
};

static bool is_enclosing(const struct enclosing *enclosing, const struct schema_message *message)
{
    for (; enclosing; enclosing = enclosing->outer)
        if (enclosing->message == message)
            return true;
    return false;
}

static void describe_filling(const struct schema_field *field, struct buffer *out)
{
    if (field->filled_by.size == 0)
        return;
    buffer_add_literal(out, "required, unless --");
    buffer_add_text(out, field->filled_by);
    buffer_add_text(out,
                    field->constraints ? text_literal(" fills it, ") : text_literal(" fills it"));
}

/* The fields of one method that are listed. Types that hold each other lead to more paths than
 * anybody reads, or a machine can list. */
#define MOST_FIELDS 1000

struct field_list {
    struct arena *arena;
    unsigned count;
    bool is_cut;
};

static void print_field(const struct field_list *list, const struct schema_field *field,
                        struct text path)
{
    struct buffer constraints;
    buffer_init(&constraints, list->arena, 64);
    describe_filling(field, &constraints);
    constraints_describe(field->constraints, &constraints);
    print_line("    %-24.*s %.*s", text_arguments(path),
               text_arguments(constraints.bytes ? buffer_text(&constraints) : text_literal("any")));
}

/* A field of an inner message is named by its path; a type inside itself is left out. */
static void print_fields(struct field_list *list, const struct schema_message *message,
                         struct text path, const struct enclosing *outer)
{
    const struct enclosing enclosing = {message, outer};
    for (size_t i = 0; i < message->field_count; i++) {
        const struct schema_field *field = &message->fields[i];
        struct buffer name;
        list->is_cut = list->count == MOST_FIELDS;
        if (list->is_cut)
            return;
        buffer_init(&name, list->arena, 64);
        buffer_add_text(&name, path);
        buffer_add_text(&name, field->name);
        print_field(list, field, buffer_text(&name));
        list->count++;
        buffer_add_char(&name, '.');
        if (field->message && field->message->has_constraints &&
            !is_enclosing(&enclosing, field->message))
            print_fields(list, field->message, buffer_text(&name), &enclosing);
    }
}

/* In memory of its own, so that the fields of one method leave room for those of the next. */
static void print_request(const struct schema_method *method)
{
    struct arena arena;
    struct field_list list = {.arena = &arena};
    arena_init(&arena, MEMORY);
    print_fields(&list, method->request, text_literal(""), NULL);
    if (list.is_cut)
        print_line("    further fields are not listed");
    arena_clear(&arena);
}

static void print_style(const struct json_style *style, struct arena *arena)
{
    struct buffer parts;
    buffer_init(&parts, arena, 64);
    json_style_describe(style, &parts);
    if (parts.bytes > 0)
        print_line("    JSON: %.*s", text_arguments(buffer_text(&parts)));
}

static struct text body_of(const struct http_rule *rule)
{
    if (rule->body)
        return rule->body->name;
    return rule->body_whole ? text_literal("*") : text_literal("none");
}

static void print_bindings(const struct http_rule *rules, size_t count)
{
    for (size_t i = 0; i < count; i++)
        print_line("    or %.*s %.*s, body: %.*s", text_arguments(rules[i].method),
                   text_arguments(rules[i].template), text_arguments(body_of(&rules[i])));
}

static void print_method(const struct schema_method *method, struct arena *arena)
{
    static const char *const idempotency[] = {[NOT_IDEMPOTENT] = "not idempotent",
                                              [NO_SIDE_EFFECTS] = "NO_SIDE_EFFECTS",
                                              [IDEMPOTENT] = "IDEMPOTENT"};
    const struct http_rule *rule = &method->http_rule;
    struct text response_body = rule->response_body ? rule->response_body->name : text_literal("*");
    print_line("  %s: %.*s %.*s, body: %.*s, response_body: %.*s, %s%s", method->path,
               text_arguments(rule->method), text_arguments(rule->template),
               text_arguments(body_of(rule)), text_arguments(response_body),
               idempotency[method->idempotency], method->recovery ? ", look-up" : "");
    print_bindings(rule->additional, rule->additional_count);
    print_style(&method->json_style, arena);
}

static void print_unserved(const struct schema *schema)
{
    size_t count;
    const struct schema_unserved *unserved = schema_unserved(schema, &count);
    if (count > 0)
        puts("Not served");
    for (size_t i = 0; i < count; i++)
        print_line("  %s: %s", unserved[i].path, unserved[i].reason);
}

static void check_schema(struct findings *findings)
{
    struct status status;
    struct schema *schema = NULL;
    size_t count;
    const struct served_settings settings = {.descriptor_set = findings->config->descriptor_set,
                                             .patterns = findings->config->serve,
                                             .values = {config_find_text, findings->config}};
    if (!served_open(&settings, findings->arena, &schema, &status)) {
        report(findings, "--descriptor-set", &status);
        return;
    }
    const struct schema_method *methods = schema_methods(schema, &count);
    puts("RPCs");
    for (size_t i = 0; i < count; i++) {
        print_method(&methods[i], findings->arena);
        print_request(&methods[i]);
    }
    print_unserved(schema);
    schema_free(schema);
}

static void check_serving(struct findings *findings)
{
    struct status status;
    if (!config_check_serve(findings->config, &status))
        report(findings, "options", &status);
}

static void check_credential(struct findings *findings)
{
    struct status status;
    struct buffer summary;
    buffer_init(&summary, findings->arena, 0);
    if (findings->functions->credential(findings->config, &summary, &status))
        print_line("✓ credential: %.*s", text_arguments(buffer_text(&summary)));
    else
        report(findings, "credential", &status);
}

static void check_ca(struct findings *findings, const char *option, const char *path)
{
    struct status status;
    struct buffer summary;
    buffer_init(&summary, findings->arena, 0);
    if (path && findings->functions->ca(path, &summary, &status))
        print_line("✓ %s: %.*s", option, text_arguments(buffer_text(&summary)));
    else if (path)
        report(findings, option, &status);
}

static void check_cas(struct findings *findings)
{
    check_ca(findings, "--upstream-ca-file", findings->config->upstream_ca_file);
    check_ca(findings, "--iam-ca-file", findings->config->iam_ca_file);
}

/* An expired certificate is not a finding, because the listener still starts with it. */
static void check_certificate(struct findings *findings)
{
    struct status status;
    struct buffer summary;
    bool has_expired;
    if (!findings->config->tls_cert_file)
        return;
    buffer_init(&summary, findings->arena, 0);
    if (findings->functions->certificate(findings->config, &has_expired, &summary, &status))
        print_line("%s --tls-cert-file: %.*s", has_expired ? "!" : "✓",
                   text_arguments(buffer_text(&summary)));
    else
        report(findings, "--tls-cert-file, --tls-key-file and --tls-client-ca-file", &status);
}

/* Looks up the host of the first connection: the proxy if there is one. */
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
        report(findings, option, &status);
        return;
    }
    freeaddrinfo(found);
    print_line("✓ %s: %s has an address", option, name);
}

static void print_config(struct findings *findings)
{
    struct buffer resolved;
    buffer_init(&resolved, findings->arena, 4096);
    config_write_resolved(findings->config, &resolved);
    printf("Options\n%.*s", text_arguments(buffer_text(&resolved)));
}

const struct command check_command = {
    .name = "check",
    .usage = "[OPTION]...",
    .summary = "check options, schema and files, and print what would be served",
    .about =
        "Prints the options in force with their origin, the RPCs with the constraints of their "
        "fields and the methods that are not served with the reason, and checks what serving "
        "needs: the options together, the descriptor "
        "set, the credential, certificate, key and CA files, and the address of the upstream. It "
        "serves nothing and makes no call. Exits with 0, or with 1 when there is a finding. "
        "The options and variables are those of the sidecar; `apig-sidecar --help` lists "
        "them.",
};

int client_check(const struct config *config, const struct check_functions *functions)
{
    static void (*const checks[])(struct findings * findings) = {
        print_config,      check_schema, check_serving, check_credential,
        check_certificate, check_cas,    check_name,
    };
    struct arena arena;
    struct findings findings = {.config = config, .arena = &arena, .functions = functions};
    arena_init(&arena, MEMORY);
    for (size_t i = 0; i < array_length(checks); i++)
        checks[i](&findings);
    arena_clear(&arena);
    return command_finish(findings.count > 0 ? EXIT_BAD : 0);
}
