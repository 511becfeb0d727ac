/* SPDX-License-Identifier: MIT */
/*
 * Can any text break the JSON reader? The text is read as a message with every kind of field; its
 * first byte selects the options. Text that is read must be JSON for the reader without types too.
 * The message is written, read and written again: both texts must be equal.
 */
#include "json/json.h"

#include <assert.h>
#include <stdlib.h>

#include "message_type.h"
#include "schema/schema.h"
#include "system/file.h"

#include "base/banned.h"

#define SET_BYTES (1 << 20)
#define ARENA_BYTES (4 << 20)

enum { STRICT = 1, JSON_NAMES = 2, LISTEN = 4, INDENT = 8, ENUM_NAMES = 16 };

static const struct schema_message *build_type(void)
{
    static struct arena arena;
    static struct schema *schema;
    struct text set;
    struct status status;
    arena_init(&arena, SET_BYTES);
    if (!file_read(TYPES_SET, SET_BYTES, &arena, &set, &status) ||
        !schema_new_types(set, &schema, &status))
        abort();
    return message_type(schema, text_literal("test.types.Everything"));
}

static void hear(struct text path, const struct status *why, void *context)
{
    (void)context;
    assert(path.size > 0 && why->code == STATUS_INVALID_ARGUMENT);
}

static bool visit(struct text path, struct text value, bool is_string, void *context)
{
    (void)context;
    assert(text_is_utf8(path) && text_is_utf8(value) && (is_string || value.size > 0));
    return true;
}

/* False when the text is not a message, or when the message has no JSON form because JSON lacks a
 * number. */
static bool read_and_write(const struct schema_message *type, struct text json, unsigned ways,
                           struct arena *arena, struct text *written)
{
    const struct json_read_options options = {
        .strict = ways & STRICT,
        .unreadable = ways & LISTEN ? hear : NULL,
    };
    const struct json_style style = {
        .names = ways & JSON_NAMES ? JSON_NAMES_JSON : JSON_NAMES_PROTO,
        .int64 = ways & STRICT ? JSON_INT64_STRING : JSON_INT64_NUMBER,
        .enum_names = ways & ENUM_NAMES,
        .indented = ways & INDENT,
    };
    ProtobufCMessage *message;
    struct status status;
    struct buffer out;
    buffer_init(&out, arena, 0);
    if (!json_read(type, json, &options, arena, &message, &status) ||
        !json_write(type, message, &style, NULL, NULL, &out, &status))
        return false;
    *written = buffer_text(&out);
    return true;
}

static bool walk(struct text json)
{
    static const struct json_limits limits;
    struct arena arena;
    struct status status;
    arena_init(&arena, ARENA_BYTES);
    bool good = json_visit(json, &limits, &arena, visit, NULL, &status);
    assert(good || status.code != STATUS_OK);
    arena_clear(&arena);
    return good;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct schema_message *type;
    if (!type)
        type = build_type();
    if (size == 0)
        return 0;
    struct arena arena;
    struct text json = {(const char *)data + 1, size - 1}, once, twice;
    arena_init(&arena, ARENA_BYTES);
    bool is_json = walk(json);
    if (read_and_write(type, json, data[0], &arena, &once)) {
        assert(is_json);
        bool again = read_and_write(type, once, data[0], &arena, &twice);
        assert(again && text_equal(once, twice));
    }
    arena_clear(&arena);
    return 0;
}
