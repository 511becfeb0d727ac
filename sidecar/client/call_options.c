/* SPDX-License-Identifier: MIT */
#include "client/call_options.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/ascii.h"
#include "client/local_http.h"
#include "config/value.h"
#include "system/file.h"

#include "base/banned.h"

#define MESSAGE_BYTES (64U << 20)

static bool is_name_character(char c)
{
    return ascii_is_lower(c) || ascii_is_digit(c) || ascii_is_one_of(c, "_-.");
}

/* Custom-Metadata of "gRPC over HTTP/2", whose names do not begin with "grpc-". */
static bool is_legal_name(struct text name)
{
    return name.size > 0 && text_consists_of(name, is_name_character) &&
           !text_starts_with(name, text_literal("grpc-"));
}

static bool read_metadata(const struct option *option, const char *written, void *member,
                          struct arena *owned)
{
    (void)option;
    struct call_metadata *metadata = member;
    size_t size = strcspn(written, "=");
    const char *name = arena_copy(owned, written, size);
    if (!name || written[size] != '=' || !is_legal_name(text_of(name)) ||
        !text_consists_of(text_of(written + size + 1), ascii_is_printable) ||
        metadata->count == CALL_OPTIONS_METADATA)
        return false;
    metadata->entries[metadata->count].name = name;
    metadata->entries[metadata->count].value = written + size + 1;
    metadata->count++;
    return true;
}

static void write_metadata(const struct option *option, const void *member, struct buffer *out)
{
    (void)option;
    const struct call_metadata *metadata = member;
    for (size_t i = 0; i < metadata->count; i++) {
        buffer_add_text(out, i > 0 ? text_literal(",") : text_literal(""));
        buffer_add_text(out, text_of(metadata->entries[i].name));
    }
}

static void clear_metadata(void *member)
{
    ((struct call_metadata *)member)->count = 0;
}

/* The name only, because the value may be a secret. */
static struct text metadata_name(const char *written)
{
    return (struct text){written, strcspn(written, "=")};
}

static const struct value_kind value_metadata = {
    .argument = "NAME=VALUE",
    .allowed = "at most 32 of name=value; a name has a-z, 0-9, \"-\", \"_\" and \".\" and does not "
               "begin with grpc-, a value has printable ASCII",
    .read = read_metadata,
    .write = write_metadata,
    .clear = clear_metadata,
    .shown = metadata_name};

_Static_assert(CALL_OPTIONS_METADATA == 32, "the text of the allowed values has this number");

#define at(name) offsetof(struct call_options, name)

static const struct option options[] = {
    {NULL, "target", &value_address, at(target), 0, 0, NULL,
     "where the sidecar listens; the first address of --listen by default"},
    {NULL, "ca-file", &value_file, at(ca_file), 0, 0, NULL,
     "turns on TLS: PEM bundle of CAs that verify the certificate of the sidecar"},
    {NULL, "cert-file", &value_file, at(cert_file), 0, 0, NULL,
     "PEM certificate chain of the caller, for a sidecar with --tls-client-ca-file"},
    {NULL, "key-file", &value_file, at(key_file), 0, 0, NULL, "PEM private key of --cert-file"},
    {NULL, "server-name", &value_text, at(server_name), 0, 0, NULL,
     "the name in the certificate of the sidecar; the host of the target by default"},
    {NULL, "deadline", &value_duration, at(deadline_ns), VALUE_MS, VALUE_DAY, "30s",
     "deadline of the call"},
    {NULL, "metadata", &value_metadata, at(metadata), 0, 0, NULL, "sent with the call; repeatable"},
};

const struct command call_command = {
    .name = "call",
    .usage = "[OPTION]... METHOD [JSON|@FILE|-]",
    .summary = "make a call and print its response as JSON",
    .about = "Calls a method with a request message in JSON, from the command line, a file or "
             "standard input, and prints the response as JSON. METHOD is the name of a method; "
             "where several services have it, the service stands before it: Service.Method, "
             "package.Service/Method. Exits with 0, with 64 plus the gRPC code of a call that "
             "failed, or with 2 when the call cannot be made. Options and variables of the sidecar "
             "are accepted too: --descriptor-set has further methods, and --serve names those that "
             "are served.",
    .options = options,
    .option_count = array_length(options),
    .sidecar_option = "listen",
};

static bool check_tls(const struct call_options *given, bool serves_tls, struct status *status)
{
    const bool tcp = !given->target.unix_path;
    const struct {
        bool is_wrong;
        const char *message;
    } rules[] = {
        {!given->cert_file != !given->key_file, "--cert-file and --key-file go together"},
        {given->cert_file && !given->ca_file, "--cert-file needs --ca-file, which turns on TLS"},
        {given->server_name && !given->ca_file,
         "--server-name needs --ca-file, which turns on TLS"},
        {given->ca_file && !tcp, "--ca-file: the target is a Unix socket, which has no TLS"},
        {serves_tls && tcp && !given->ca_file,
         "--tls-cert-file: the sidecar speaks TLS; give --ca-file"},
    };
    for (size_t i = 0; i < array_length(rules); i++)
        if (rules[i].is_wrong)
            return status_fail(status, STATUS_INVALID_ARGUMENT, "%s", rules[i].message);
    return true;
}

/* The target that is given, or the address of the sidecar whose options these are. */
static bool choose_target(struct call_options *given, const struct config *config,
                          struct status *status)
{
    bool is_given = given->target.host || given->target.unix_path;
    if (!is_given)
        given->target = config->listen[0];
    if (given->target.host)
        given->target.host = local_http_host(given->target.host);
    return local_http_has_port(&given->target, is_given ? "--target" : "--listen", status) &&
           check_tls(given, !is_given && config->tls_cert_file, status);
}

bool call_options_read(struct call_options *given, struct config *config, struct command_line *line,
                       struct status *status)
{
    *given = (struct call_options){0};
    if (!command_read(&call_command, line, config, given, status))
        return false;
    if (line->operand_count == 0)
        return status_fail(status, STATUS_INVALID_ARGUMENT,
                           "call: the method is missing; `apig-sidecar check` lists the methods");
    given->method = line->operands[0];
    given->message = line->operand_count > 1 ? line->operands[1] : "-";
    given->descriptor_set = config->descriptor_set;
    given->serve = config->serve;
    return choose_target(given, config, status);
}

const char *call_options_target(const struct call_options *given, struct arena *arena)
{
    struct buffer target;
    buffer_init(&target, arena, 64);
    if (given->target.host)
        buffer_add_literal(&target, "dns:");
    config_address_write(&given->target, &target);
    buffer_add_char(&target, '\0');
    return target.full ? NULL : target.at;
}

static void announce_wait(void)
{
    if (isatty(STDIN_FILENO))
        fputs("apig-sidecar: the request message in JSON is read from standard input; Ctrl-D ends "
              "it\n",
              stderr);
}

bool call_options_message(const struct call_options *given, struct arena *arena, struct text *json,
                          struct status *status)
{
    if (given->message[0] == '@')
        return file_read(given->message + 1, MESSAGE_BYTES, arena, json, status);
    if (strcmp(given->message, "-") == 0) {
        announce_wait();
        return file_read("-", MESSAGE_BYTES, arena, json, status);
    }
    *json = text_of(given->message);
    return true;
}
