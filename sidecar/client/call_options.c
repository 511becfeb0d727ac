/* SPDX-License-Identifier: MIT */
#include "client/call_options.h"

#include <string.h>

#include "base/ascii.h"
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
    {NULL, "target", &value_address, at(target), 0, 0, "127.0.0.1:50051",
     "where the sidecar listens, without TLS"},
    {NULL, "deadline", &value_duration, at(deadline_ns), VALUE_MS, VALUE_DAY, "30s",
     "deadline of the call"},
    {NULL, "metadata", &value_metadata, at(metadata), 0, 0, NULL, "sent with the call; repeatable"},
    {NULL, "descriptor-set", &value_file, at(descriptor_set), 0, 0, NULL,
     "FileDescriptorSet with the method, instead of the embedded one"},
};

const struct command call_command = {
    .name = "call",
    .usage = "[OPTION]... METHOD [JSON|@FILE|-]",
    .summary = "make a call and print its response as JSON",
    .about = "Calls a method with a request message in JSON, from the command line, a file or "
             "standard input, and prints the response as JSON. Exits with 0, with 64 plus the gRPC "
             "code of a call that failed, or with 2 when the call cannot be made.",
    .options = options,
    .option_count = array_length(options),
};

bool call_options_read(struct call_options *given, int count, char *const arguments[],
                       struct arena *arena, struct status *status)
{
    *given = (struct call_options){0};
    struct option_set set = {.options = options,
                             .count = array_length(options),
                             .values = given,
                             .owned = arena},
                      *sets[] = {&set};
    struct command_line line = {.count = count, .arguments = arguments, .most_operands = 2};
    if (!option_set_defaults(&set, status) || !flags_read(sets, 1, &line, status))
        return false;
    if (line.operand_count == 0)
        return status_fail(status, STATUS_INVALID_ARGUMENT,
                           "call: the method is missing; `apig-sidecar check` lists the methods");
    given->method = line.operands[0];
    given->message = line.operand_count > 1 ? line.operands[1] : "-";
    return true;
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

bool call_options_message(const struct call_options *given, struct arena *arena, struct text *json,
                          struct status *status)
{
    if (given->message[0] == '@')
        return file_read(given->message + 1, MESSAGE_BYTES, arena, json, status);
    if (strcmp(given->message, "-") == 0)
        return file_read("-", MESSAGE_BYTES, arena, json, status);
    *json = text_of(given->message);
    return true;
}
