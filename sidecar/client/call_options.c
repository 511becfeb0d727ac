/* SPDX-License-Identifier: MIT */
#include "client/call_options.h"

#include <string.h>

#include "base/clock.h"
#include "config/config.h"
#include "system/file.h"

#include "base/banned.h"

#define MESSAGE_BYTES (64U << 20)
#define SHOWN_BYTES 200

static bool no_room(struct status *status)
{
    return status_fail(status, STATUS_RESOURCE_EXHAUSTED, "the command line is too long");
}

static bool set_target(struct call_options *options, const char *value, struct arena *arena,
                       struct status *status)
{
    struct address address;
    struct buffer target;
    if (!config_address_parse(text_of(value), arena, &address, status))
        return false;
    buffer_init(&target, arena, 64);
    if (address.host)
        buffer_add_literal(&target, "dns:");
    buffer_add(&target, value, strlen(value) + 1);
    if (target.full)
        return no_room(status);
    options->target = target.at;
    return true;
}

static bool set_deadline(struct call_options *options, const char *value, struct arena *arena,
                         struct status *status)
{
    (void)arena;
    return config_duration_parse(text_of(value), &options->deadline_ns, status);
}

/* gRPC's names (gRPC over HTTP/2, "Custom-Metadata") without those that are gRPC's own. */
static bool is_legal_name(const char *name)
{
    return name[0] && name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-.")] == '\0' &&
           strncmp(name, "grpc-", 5) != 0;
}

static bool is_legal_value(const char *value)
{
    for (; *value; value++)
        if (*value < ' ' || *value > '~')
            return false;
    return true;
}

static bool add_metadata(struct call_options *options, const char *value, struct arena *arena,
                         struct status *status)
{
    size_t bytes = strcspn(value, "=");
    const char *name = arena_copy(arena, value, bytes);
    if (!name)
        return no_room(status);
    if (value[bytes] != '=' || !is_legal_name(name) || !is_legal_value(value + bytes + 1))
        return status_fail(status, STATUS_INVALID_ARGUMENT,
                           "\"%.*s\": allowed is name=value, a name of a-z, 0-9, \"-\", \"_\" and "
                           "\".\" that is not gRPC's own, a value of printable ASCII",
                           (int)text_cut(text_of(name), SHOWN_BYTES), name);
    if (options->metadata_count == CALL_OPTIONS_METADATA)
        return status_fail(status, STATUS_INVALID_ARGUMENT, "allowed are at most %d of them",
                           CALL_OPTIONS_METADATA);
    options->metadata[options->metadata_count].name = name;
    options->metadata[options->metadata_count].value = value + bytes + 1;
    options->metadata_count++;
    return true;
}

static bool set_descriptor_set(struct call_options *options, const char *value, struct arena *arena,
                               struct status *status)
{
    (void)arena, (void)status;
    options->descriptor_set = value;
    return true;
}

static const struct flag {
    const char *name;
    bool (*set)(struct call_options *options, const char *value, struct arena *arena,
                struct status *status);
    const char *meaning;
} flags[] = {
    {"--target", set_target,
     "ADDRESS: where the sidecar listens, `host:port` or `unix:/path`, without TLS "
     "(127.0.0.1:50051)"},
    {"--deadline", set_deadline, "DURATION: how long the call may take, such as 500ms (30s)"},
    {"--metadata", add_metadata, "NAME=VALUE: sent along; repeatable"},
    {"--descriptor-set", set_descriptor_set,
     "FILE: a FileDescriptorSet that has the method, instead of the embedded one"},
};

void call_options_write_help(struct buffer *out)
{
    buffer_add_literal(out, "apig-sidecar call [OPTION]… METHOD [JSON|@FILE|-]\n\n");
    for (size_t i = 0; i < array_length(flags); i++) {
        buffer_add_literal(out, "  ");
        buffer_add_text(out, text_of(flags[i].name));
        buffer_add_char(out, ' ');
        buffer_add_text(out, text_of(flags[i].meaning));
        buffer_add_char(out, '\n');
    }
}

static const struct flag *find_flag(struct text name)
{
    for (size_t i = 0; i < array_length(flags); i++)
        if (text_equal(name, text_of(flags[i].name)))
            return &flags[i];
    return NULL;
}

/* `--name=value` or `--name value`; `used` is how many arguments that took. */
static bool take_flag(struct call_options *options, int count, char *const arguments[], int *used,
                      struct arena *arena, struct status *status)
{
    const char *written = arguments[0];
    struct text name = {written, strcspn(written, "=")};
    const struct flag *flag = find_flag(name);
    if (!flag)
        return status_fail(status, STATUS_INVALID_ARGUMENT,
                           "%.*s: no such option of call; there are --target, --deadline, "
                           "--metadata and --descriptor-set",
                           (int)text_cut(name, SHOWN_BYTES), written);
    bool joined = written[name.size] == '=';
    if (!joined && (count < 2 || strncmp(arguments[1], "--", 2) == 0))
        return status_fail(status, STATUS_INVALID_ARGUMENT, "%s: a value has to follow", written);
    *used = joined ? 1 : 2;
    return flag->set(options, joined ? written + name.size + 1 : arguments[1], arena, status) ||
           status_wrap(status, "%s", flag->name);
}

static bool take_word(struct call_options *options, const char *word, struct status *status)
{
    if (!options->method)
        options->method = word;
    else if (!options->message)
        options->message = word;
    else
        return status_fail(status, STATUS_INVALID_ARGUMENT,
                           "\"%.*s\": a call has one method and one message",
                           (int)text_cut(text_of(word), SHOWN_BYTES), word);
    return true;
}

bool call_options_read(struct call_options *options, int count, char *const arguments[],
                       struct arena *arena, struct status *status)
{
    *options =
        (struct call_options){.target = "dns:127.0.0.1:50051", .deadline_ns = 30 * CLOCK_NS_PER_S};
    if (count > 0 && strcmp(arguments[0], "--help") == 0)
        return true;
    for (int used = 1, i = 0; i < count; i += used) {
        used = 1;
        bool good = strncmp(arguments[i], "--", 2) == 0
                        ? take_flag(options, count - i, arguments + i, &used, arena, status)
                        : take_word(options, arguments[i], status);
        if (!good)
            return false;
    }
    if (!options->method)
        return status_fail(status, STATUS_INVALID_ARGUMENT,
                           "call: a method has to follow, such as CreateApiGroup");
    if (!options->message)
        options->message = "-";
    return true;
}

bool call_options_message(const struct call_options *options, struct arena *arena,
                          struct text *json, struct status *status)
{
    if (options->message[0] == '@')
        return file_read(options->message + 1, MESSAGE_BYTES, arena, json, status);
    if (strcmp(options->message, "-") == 0)
        return file_read("-", MESSAGE_BYTES, arena, json, status);
    *json = text_of(options->message);
    return true;
}
