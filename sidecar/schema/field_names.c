/* SPDX-License-Identifier: MIT */
#include "schema/field_names.h"

#include <stdlib.h>

#include "base/ascii.h"
#include "base/memory.h"

#include "base/banned.h"

/* The most names of one field: that of the .proto, its lowerCamelCase and json_name. */
#define NAMES_OF_A_FIELD 3

/* Converts "order_id" to "orderId" as protoc does. */
static struct text camel_case(struct text name, struct arena *arena)
{
    char *camel = memory_expect(arena_alloc(arena, name.size + 1));
    size_t size = 0;
    for (size_t i = 0; i < name.size; i++) {
        bool starts_word = i > 0 && name.data[i - 1] == '_';
        if (name.data[i] != '_')
            camel[size++] = starts_word ? ascii_to_upper(name.data[i]) : name.data[i];
    }
    return (struct text){camel, size};
}

static struct text key_of(struct text name, struct arena *arena)
{
    struct buffer key;
    buffer_init(&key, arena, name.size + 3);
    buffer_add_char(&key, '"');
    buffer_add_text(&key, name);
    buffer_add_literal(&key, "\":");
    return buffer_text(&key);
}

static bool is_plain(char c)
{
    return (unsigned char)c >= ' ' && c != '"' && c != '\\';
}

bool field_names_set(struct schema_field *field, const char *json_name, bool is_declared,
                     struct arena *arena, struct status *status)
{
    struct text camel = camel_case(field->name, arena);
    struct text declared = json_name ? text_of(json_name) : camel;
    if (!text_is_utf8(declared) || !text_consists_of(declared, is_plain))
        return status_fail(status, STATUS_INVALID_ARGUMENT,
                           "its json_name has a quote, a backslash or a control character, or is "
                           "not UTF-8");
    field->camel_name = camel;
    field->json_keys[JSON_NAMES_JSON] = key_of(declared, arena);
    /* protoc writes the default into json_name when the .proto has none. */
    field->json_keys[JSON_NAMES_PROTO] = is_declared || !text_equal(declared, camel)
                                             ? field->json_keys[JSON_NAMES_JSON]
                                             : key_of(field->name, arena);
    return true;
}

static int compare_names(const void *a, const void *b)
{
    const struct schema_field_name *left = a, *right = b;
    return schema_compare_names(left->name, right->name);
}

/* Appends the json_name and the name in the .proto, each once. */
static size_t add_names(const struct schema_field *field, struct schema_field_name *names)
{
    struct text json_name = schema_json_name(field, JSON_NAMES_JSON);
    names[0] = (struct schema_field_name){json_name, field};
    names[1] = (struct schema_field_name){field->name, field};
    return text_equal(json_name, field->name) ? 1 : 2;
}

/* Returns the words of protoc for a name of its field. */
static const char *kind_of(const struct schema_field_name *name)
{
    if (text_equal(name->name, name->field->camel_name))
        return "default JSON name";
    return text_equal(name->name, name->field->name) ? "name" : "custom JSON name";
}

static bool check_apart(const struct schema_field_name *name, const struct schema_field_name *other,
                        struct status *status)
{
    if (!text_equal(name->name, other->name))
        return true;
    /* The field that is declared later is at fault. */
    const struct schema_field_name *later = name->field > other->field ? name : other;
    const struct schema_field_name *earlier = later == name ? other : name;
    return status_fail(
        status, STATUS_INVALID_ARGUMENT,
        "The %s of field \"%.*s\" (\"%.*s\") conflicts with the %s of field \"%.*s\"",
        kind_of(later), text_arguments(later->field->name), text_arguments(later->name),
        kind_of(earlier), text_arguments(earlier->field->name));
}

static bool check_all_apart(const struct schema_field_name *names, size_t count,
                            struct status *status)
{
    for (size_t i = 1; i < count; i++)
        if (!check_apart(&names[i - 1], &names[i], status))
            return false;
    return true;
}

/* Keeps the names that occur once, in their order. */
static size_t keep_unique(struct schema_field_name *names, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0, end; i < count; i = end) {
        for (end = i + 1; end < count && compare_names(&names[i], &names[end]) == 0;)
            end++;
        if (end == i + 1)
            names[kept++] = names[i];
    }
    return kept;
}

/* Appends lowerCamelCase names of fields whose json_name is another one. Such a name yields to the
 * names of other fields, because protoc gives its field only json_name; one of two fields belongs
 * to neither. */
static size_t add_camel_names(const struct schema_message *message, struct schema_field_name *names,
                              size_t count)
{
    size_t known = count;
    for (size_t i = 0; i < message->field_count; i++) {
        const struct schema_field_name camel = {message->fields[i].camel_name, &message->fields[i]};
        if (!bsearch(&camel, names, known, sizeof *names, compare_names))
            names[count++] = camel;
    }
    qsort(names, count, sizeof *names, compare_names);
    return keep_unique(names, count);
}

static struct schema_field_name *allocate(size_t count, struct arena *arena)
{
    struct schema_field_name *names;
    return memory_expect(arena_alloc(arena, (count + 1) * sizeof *names));
}

static const struct schema_field_name *sort_by_name(const struct schema_message *message,
                                                    struct arena *arena)
{
    struct schema_field_name *names = allocate(message->field_count, arena);
    for (size_t i = 0; i < message->field_count; i++)
        names[i] = (struct schema_field_name){message->fields[i].name, &message->fields[i]};
    qsort(names, message->field_count, sizeof *names, compare_names);
    return names;
}

/* At least half of the slots stay free. */
static void fill_slots(struct schema_message *message, struct arena *arena)
{
    while ((size_t)1 << message->json_slot_bits < message->json_name_count * 2 + 1)
        message->json_slot_bits++;
    uint32_t *slots = memory_expect(arena_zalloc(arena, sizeof *slots << message->json_slot_bits));
    message->json_slots = slots;
    for (uint32_t i = 0; i < message->json_name_count; i++)
        slots[schema_json_slot(message, message->json_names[i].name)] = i + 1;
}

bool field_names_index(struct schema_message *message, struct arena *arena, struct status *status)
{
    struct schema_field_name *names = allocate(message->field_count * NAMES_OF_A_FIELD, arena);
    size_t count = 0;
    message->by_name = sort_by_name(message, arena);
    for (size_t i = 0; i < message->field_count; i++)
        count += add_names(&message->fields[i], names + count);
    qsort(names, count, sizeof *names, compare_names);
    if (!check_all_apart(names, count, status))
        return false;
    message->json_names = names;
    message->json_name_count = add_camel_names(message, names, count);
    fill_slots(message, arena);
    return true;
}
