/* SPDX-License-Identifier: MIT */
#include "json/json.h"

#include <assert.h>

#include "json/forms.h"
#include "json/name_set.h"
#include "json/scalar.h"
#include "json/skip.h"
#include "json/strings.h"
#include "schema/field_path.h"

#include "base/banned.h"

struct reader {
    struct json_source source;
    const struct json_read_options *options;
};

static bool read_message(struct reader *reader, const struct schema_message *type,
                         ProtobufCMessage *message, const struct field_path *field_path);
static bool read_field(struct reader *reader, const struct schema_field *field,
                       ProtobufCMessage *message, const struct field_path *field_path);

/* Reads one value, of a singular field or of an element, into `at`, which stays as it was after a
 * failure. */
static bool read_one(struct reader *reader, const struct schema_field *field, void *at,
                     const struct field_path *field_path)
{
    if (field->type != FIELD_MESSAGE)
        return json_scalar(&reader->source, field, !reader->options->strict, at);
    ProtobufCMessage *inner = schema_message_new(field->message, reader->source.arena);
    if (!inner)
        return json_no_memory(&reader->source);
    if (!read_message(reader, field->message, inner, field_path))
        return false;
    *(ProtobufCMessage **)at = inner;
    return true;
}

static bool takes_null(const struct schema_field *field)
{
    return field->type == FIELD_MESSAGE
               ? field->message->well_known == WELL_KNOWN_VALUE
               : field->type == FIELD_ENUM && field->enumeration->is_null_value;
}

/* Reads an element or the value of a map. They cannot be null, because an absent element is not a
 * value. */
static bool read_element(struct reader *reader, const struct schema_field *field, void *at,
                         const struct field_path *field_path)
{
    if (json_peek(&reader->source) == 'n' && !takes_null(field) &&
        json_take_word(&reader->source, "null"))
        return status_fail(reader->source.status, STATUS_INVALID_ARGUMENT,
                           "null is not allowed in a list or a map");
    return read_one(reader, field, at, field_path);
}

static bool read_array(struct reader *reader, const struct schema_field *field,
                       ProtobufCMessage *message, const struct field_path *field_path)
{
    struct json_source *source = &reader->source;
    struct field_path here = {.outer = field_path, .kind = FIELD_PATH_ELEMENT};
    if (json_peek(source) != '[')
        return status_fail(source->status, STATUS_INVALID_ARGUMENT, "the value is not an array");
    if (!json_enter(source, '['))
        return false;
    for (bool first = true; json_next(source, ']', &first); here.index++) {
        void *place = schema_reserve(message, field, 1, source->arena);
        if (!place)
            return json_no_memory(source);
        if (!read_element(reader, field, place, &here))
            return false;
        schema_add_count(message, field, 1);
    }
    return !source->broken;
}

static bool read_entry(struct reader *reader, const struct schema_field *field, struct text name,
                       ProtobufCMessage *message, const struct field_path *field_path)
{
    struct json_source *source = &reader->source;
    const struct schema_field *key = schema_field_by_number(field->message, 1),
                              *value = schema_field_by_number(field->message, 2);
    ProtobufCMessage *entry = schema_message_new(field->message, source->arena);
    ProtobufCMessage **place = schema_reserve(message, field, 1, source->arena);
    if (!entry || !place)
        return json_no_memory(source);
    if (!json_map_key(source, key, name, schema_value(entry, key)) ||
        !read_element(reader, value, schema_value(entry, value), field_path))
        return false;
    *place = entry;
    schema_add_count(message, field, 1);
    return true;
}

static bool read_map(struct reader *reader, const struct schema_field *field,
                     ProtobufCMessage *message, const struct field_path *field_path)
{
    struct json_source *source = &reader->source;
    struct json_name_set names;
    const struct schema_field *key = schema_field_by_number(field->message, 1);
    struct field_path here = {.outer = field_path,
                              .kind = key->type == FIELD_STRING ? FIELD_PATH_KEY : FIELD_PATH_WORD};
    json_name_set_init(&names);
    if (json_peek(source) != '{')
        return status_fail(source->status, STATUS_INVALID_ARGUMENT, "the value is not an object");
    if (!json_enter(source, '{'))
        return false;
    for (bool first = true; json_next(source, '}', &first);)
        if (!json_take_name(source, &here.name) || !json_name_set_add(&names, here.name, source) ||
            !read_entry(reader, field, here.name, message, &here))
            return false;
    return !source->broken;
}

/* The number of the oneof's member that is set. */
static const uint32_t *oneof_of(const ProtobufCMessage *message, const struct schema_field *field)
{
    return (const uint32_t *)((const char *)message + field->presence_offset);
}

static bool read_singular(struct reader *reader, const struct schema_field *field,
                          ProtobufCMessage *message, const struct field_path *field_path)
{
    if (field->shape == FIELD_ONEOF && *oneof_of(message, field))
        return json_malformed(&reader->source, "two members of the same oneof");
    if (!read_one(reader, field, schema_value(message, field), field_path))
        return false;
    schema_field_mark_present(message, field);
    return true;
}

static bool read_field(struct reader *reader, const struct schema_field *field,
                       ProtobufCMessage *message, const struct field_path *field_path)
{
    bool many = schema_is_list(field);
    if (json_peek(&reader->source) == 'n' && (many || !takes_null(field)) &&
        json_take_word(&reader->source, "null"))
        return true;
    if (!many)
        return read_singular(reader, field, message, field_path);
    return field->shape == FIELD_MAP ? read_map(reader, field, message, field_path)
                                     : read_array(reader, field, message, field_path);
}

/* Removes the elements that a failed attempt may have added. */
static void forget(const struct schema_field *field, ProtobufCMessage *message)
{
    if (schema_is_list(field))
        schema_clear_list(message, field);
}

/* Reports a member whose value is JSON but not of its type and leaves it absent, if the caller set
 * `unreadable`. */
static bool read_member(struct reader *reader, const struct schema_field *field,
                        ProtobufCMessage *message, const struct field_path *field_path)
{
    struct json_source *source = &reader->source;
    json_peek(source);
    const char *start = source->at;
    size_t depth = source->depth;
    if (read_field(reader, field, message, field_path))
        return true;
    if (source->broken)
        return false;
    struct text path = field_path_text(field_path, source->arena);
    if (!reader->options->unreadable)
        return status_wrap(source->status, "%.*s", (int)text_cut(path, 256), path.data);
    reader->options->unreadable(path, source->status, reader->options->context);
    status_clear(source->status);
    forget(field, message);
    source->at = start;
    source->depth = depth;
    return json_skip(source);
}

static bool skip_unknown(struct reader *reader, struct text name)
{
    if (!reader->options->strict)
        return json_skip(&reader->source);
    reader->source.broken = true;
    return status_fail(reader->source.status, STATUS_INVALID_ARGUMENT,
                       "the message has no field \"%.*s\"", (int)text_cut(name, 256), name.data);
}

/* The number of bits that fit into struct object; more take memory of the arena. */
#define FEW_BITS 256

/* A set of small numbers, a bit for each. */
struct seen {
    uint64_t few[FEW_BITS / 64], *bits;
};

/* The object that is being read, with the members that it has had. */
struct object {
    const struct schema_message *type;
    struct json_name_set unknown;
    struct seen names, fields; /* by their indexes in the type */
};

static bool seen_init(struct seen *seen, size_t count, struct arena *arena)
{
    size_t words = count / 64 + 1;
    memset(seen->few, 0, sizeof seen->few);
    seen->bits = words <= array_length(seen->few) ? seen->few
                                                  : arena_zalloc(arena, words * sizeof *seen->bits);
    return seen->bits;
}

/* Adds a number; false when the set has it already. */
static bool seen_add(struct seen *seen, size_t number)
{
    assert(seen->bits);
    uint64_t *word = &seen->bits[number / 64], bit = UINT64_C(1) << (number % 64);
    bool is_new = !(*word & bit);
    *word |= bit;
    return is_new;
}

static bool object_init(struct object *object, const struct schema_message *type,
                        struct json_source *source)
{
    object->type = type;
    json_name_set_init(&object->unknown);
    bool fits = seen_init(&object->names, type->json_name_count, source->arena);
    fits = seen_init(&object->fields, type->field_count, source->arena) && fits;
    return fits || json_no_memory(source);
}

static bool skip_second(struct reader *reader)
{
    return reader->options->strict
               ? json_malformed(&reader->source, "a second member of the same field")
               : json_skip(&reader->source);
}

/* Reads the value behind a name. An object may have a field under two names, of which the first
 * counts. */
static bool read_named(struct reader *reader, struct object *object, ProtobufCMessage *message,
                       const struct field_path *field_path)
{
    const struct schema_message *type = object->type;
    const struct schema_field_name *name = schema_find_json_name(type, field_path->name);
    if (!name)
        return json_name_set_add(&object->unknown, field_path->name, &reader->source) &&
               skip_unknown(reader, field_path->name);
    if (!seen_add(&object->names, (size_t)(name - type->json_names)))
        return json_malformed(&reader->source, "a second member of the same name");
    if (!seen_add(&object->fields, (size_t)(name->field - type->fields)))
        return skip_second(reader);
    return read_member(reader, name->field, message, field_path);
}

static bool read_members(struct reader *reader, const struct schema_message *type,
                         ProtobufCMessage *message, const struct field_path *field_path)
{
    struct json_source *source = &reader->source;
    struct field_path here = {.outer = field_path, .kind = FIELD_PATH_MEMBER};
    struct object object;
    if (json_peek(source) != '{')
        return status_fail(source->status, STATUS_INVALID_ARGUMENT, "the value is not an object");
    if (!json_enter(source, '{') || !object_init(&object, type, source))
        return false;
    for (bool first = true; json_next(source, '}', &first);)
        if (!json_take_name(source, &here.name) || !read_named(reader, &object, message, &here))
            return false;
    return !source->broken;
}

/* Reads a google.protobuf.Value into the member that fits the next token. */
static bool read_value(struct reader *reader, const struct schema_message *type,
                       ProtobufCMessage *message, const struct field_path *field_path)
{
    enum { NULL_VALUE = 1, NUMBER_VALUE, STRING_VALUE, BOOL_VALUE, STRUCT_VALUE, LIST_VALUE };
    static const struct {
        char first;
        uint32_t number;
    } kinds[] = {{'n', NULL_VALUE}, {'"', STRING_VALUE}, {'t', BOOL_VALUE},
                 {'f', BOOL_VALUE}, {'{', STRUCT_VALUE}, {'[', LIST_VALUE}};
    char next = json_peek(&reader->source);
    uint32_t number = NUMBER_VALUE;
    for (size_t i = 0; i < array_length(kinds); i++)
        if (kinds[i].first == next)
            number = kinds[i].number;
    return read_field(reader, schema_field_by_number(type, number), message, field_path);
}

static bool read_form(struct reader *reader, const struct schema_message *type,
                      ProtobufCMessage *message)
{
    struct text text;
    if (json_peek(&reader->source) != '"')
        return status_fail(reader->source.status, STATUS_INVALID_ARGUMENT,
                           "the value is not a string");
    return json_take_string(&reader->source, &text) &&
           json_form_read(type, text, message, &reader->source);
}

static bool read_message(struct reader *reader, const struct schema_message *type,
                         ProtobufCMessage *message, const struct field_path *field_path)
{
    switch (type->well_known) {
    case WELL_KNOWN_TIMESTAMP:
    case WELL_KNOWN_DURATION:
    case WELL_KNOWN_FIELD_MASK:
        return read_form(reader, type, message);
    case WELL_KNOWN_WRAPPER:
    case WELL_KNOWN_STRUCT:
    case WELL_KNOWN_LIST_VALUE:
        return read_field(reader, &type->fields[0], message, field_path);
    case WELL_KNOWN_VALUE:
        return read_value(reader, type, message, field_path);
    case WELL_KNOWN_ANY:
        return status_fail(
            reader->source.status, STATUS_INVALID_ARGUMENT,
            "google.protobuf.Any cannot be read, because the types in it are not known");
    case WELL_KNOWN_NONE:
    default:
        return read_members(reader, type, message, field_path);
    }
}

static void reader_init(struct reader *reader, struct text json,
                        const struct json_read_options *options, struct arena *arena,
                        struct status *status)
{
    reader->options = options;
    json_source_init(&reader->source, json, &options->limits, arena, status);
}

bool json_read(const struct schema_message *type, struct text json,
               const struct json_read_options *options, struct arena *arena,
               ProtobufCMessage **message, struct status *status)
{
    struct reader reader;
    ProtobufCMessage *made = schema_message_new(type, arena);
    reader_init(&reader, json, options, arena, status);
    if (!made)
        return json_no_memory(&reader.source);
    if (!read_message(&reader, type, made, NULL) || !json_finish(&reader.source))
        return false;
    *message = made;
    return true;
}

bool json_read_field(const struct schema_field *field, struct text json,
                     const struct json_read_options *options, struct arena *arena,
                     ProtobufCMessage *message, struct status *status)
{
    struct reader reader;
    reader_init(&reader, json, options, arena, status);
    if (read_field(&reader, field, message, NULL) && json_finish(&reader.source))
        return true;
    forget(field, message);
    return false;
}
