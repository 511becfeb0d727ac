/* SPDX-License-Identifier: MIT */
/* Is a descriptor set of a few megabytes that would take gigabytes refused? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "constraint/attach.h"
#include "constraint/constraint.h"
#include "schema/schema.h"

/* Field numbers of descriptor.proto. */
enum { SET_FILE = 1, FILE_NAME = 1, FILE_MESSAGE = 4, FILE_SERVICE = 6, FILE_SYNTAX = 12 };
enum { NAME = 1, MESSAGE_FIELD = 2, SERVICE_METHOD = 2 };
enum { FILE_ENUM = 5, FILE_EDITION = 14, ENUM_VALUE = 2, ENUM_OPTIONS = 3 };
enum { FIELD_NUMBER = 3, FIELD_LABEL = 4, FIELD_TYPE = 5, FIELD_TYPE_NAME = 6 };

static struct arena arena;

static void add_varint(struct buffer *out, uint64_t value)
{
    for (; value > 127; value >>= 7)
        buffer_add_char(out, (char)(value | 128));
    buffer_add_char(out, (char)value);
}

static void add_bytes(struct buffer *out, uint32_t field, struct text bytes)
{
    add_varint(out, field << 3 | 2);
    add_varint(out, bytes.size);
    buffer_add_text(out, bytes);
}

static void add_number(struct buffer *out, uint32_t field, uint64_t value)
{
    add_varint(out, field << 3);
    add_varint(out, value);
}

static struct buffer begin(void)
{
    struct buffer out;
    buffer_init(&out, &arena, 1024);
    return out;
}

/* "prefix7" */
static struct text numbered(const char *prefix, size_t number)
{
    struct buffer name = begin();
    buffer_add_text(&name, text_of(prefix));
    buffer_add_u64(&name, number);
    return buffer_text(&name);
}

static struct text long_name(void)
{
    static char name[1 << 20];
    memset(name, 'n', sizeof name);
    return (struct text){name, sizeof name};
}

/* A set of one proto3 file with that content. */
static struct text set_of(struct text content)
{
    struct buffer file = begin(), set = begin();
    add_bytes(&file, FILE_NAME, text_literal("a.proto"));
    add_bytes(&file, FILE_SYNTAX, text_literal("proto3"));
    buffer_add_text(&file, content);
    add_bytes(&set, SET_FILE, buffer_text(&file));
    assert_false(file.full || set.full);
    return buffer_text(&set);
}

static struct text empty_messages(void)
{
    struct buffer content = begin();
    for (size_t i = 0; i < 4 << 20; i++)
        add_bytes(&content, FILE_MESSAGE, text_literal(""));
    return set_of(buffer_text(&content));
}

static struct text empty_files(void)
{
    struct buffer set = begin();
    for (size_t i = 0; i < 7000000; i++)
        add_bytes(&set, SET_FILE, text_literal(""));
    return buffer_text(&set);
}

static struct text fields_of_a_long_name(void)
{
    struct buffer message = begin(), content = begin();
    add_bytes(&message, NAME, long_name());
    for (size_t i = 0; i < 10000; i++) {
        struct buffer field = begin();
        add_bytes(&field, NAME, numbered("f", i));
        add_bytes(&message, MESSAGE_FIELD, buffer_text(&field));
    }
    add_bytes(&content, FILE_MESSAGE, buffer_text(&message));
    return set_of(buffer_text(&content));
}

static struct text methods_of_a_long_name(void)
{
    struct buffer service = begin(), content = begin();
    add_bytes(&service, NAME, (struct text){long_name().data, 10000});
    for (size_t i = 0; i < 8000; i++) {
        struct buffer method = begin();
        add_bytes(&method, NAME, numbered("m", i));
        add_bytes(&service, SERVICE_METHOD, buffer_text(&method));
    }
    add_bytes(&content, FILE_SERVICE, buffer_text(&service));
    return set_of(buffer_text(&content));
}

/* An enum ".E" whose options have a megabyte that is not known. */
static void add_enum(struct buffer *content)
{
    struct buffer value = begin(), options = begin(), enumeration = begin();
    add_bytes(&value, NAME, text_literal("A"));
    add_number(&value, 2, 0);
    add_bytes(&options, 50000, long_name());
    add_bytes(&enumeration, NAME, text_literal("E"));
    add_bytes(&enumeration, ENUM_VALUE, buffer_text(&value));
    add_bytes(&enumeration, ENUM_OPTIONS, buffer_text(&options));
    add_bytes(content, FILE_ENUM, buffer_text(&enumeration));
}

static struct text field_of_the_enum(size_t number)
{
    struct buffer field = begin();
    add_bytes(&field, NAME, numbered("f", number));
    add_number(&field, FIELD_NUMBER, number);
    add_number(&field, FIELD_LABEL, 1);
    add_number(&field, FIELD_TYPE, 14);
    add_bytes(&field, FIELD_TYPE_NAME, text_literal(".E"));
    return buffer_text(&field);
}

/* Of edition 2023: the last syntax counts. */
static struct text fields_of_an_enum_with_long_options(void)
{
    struct buffer message = begin(), content = begin();
    add_bytes(&content, FILE_SYNTAX, text_literal("editions"));
    add_number(&content, FILE_EDITION, 1000);
    add_enum(&content);
    add_bytes(&message, NAME, text_literal("M"));
    for (size_t i = 1; i <= 600; i++)
        add_bytes(&message, MESSAGE_FIELD, field_of_the_enum(i));
    add_bytes(&content, FILE_MESSAGE, buffer_text(&message));
    return set_of(buffer_text(&content));
}

static bool opens(struct text set, struct status *status)
{
    struct schema *schema;
    if (!schema_new_types(set, &schema, status))
        return false;
    constraint_attach(schema);
    bool served = schema_serve(schema, NULL, status);
    schema_free(schema);
    return served;
}

static bool serves(struct text set, struct status *status)
{
    struct schema *schema;
    if (!schema_new(set, &schema, status))
        return false;
    schema_free(schema);
    return true;
}

static void a_set_that_would_take_too_much_memory_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct text (*make)(void);
        bool (*open)(struct text set, struct status *status);
    } rows[] = {
        {"empty files", empty_files, opens},
        {"empty messages", empty_messages, opens},
        {"fields of a long name", fields_of_a_long_name, opens},
        {"methods of a long name", methods_of_a_long_name, serves},
    };
    for (size_t i = 0; i < array_length(rows); i++) {
        struct status status;
        arena_init(&arena, SIZE_MAX);
        struct text set = rows[i].make();
        assert_true(set.size < 16 << 20);
        if (rows[i].open(set, &status))
            fail_msg("%s: not refused", rows[i].name);
        if (status.code != STATUS_RESOURCE_EXHAUSTED ||
            !strstr(status.message, "the descriptor set needs more than 128 MiB of memory"))
            fail_msg("%s: %s", rows[i].name, status.message);
        arena_clear(&arena);
    }
}

static void the_options_of_an_enum_count_once(void **state)
{
    (void)state;
    struct status status;
    arena_init(&arena, SIZE_MAX);
    if (!opens(fields_of_an_enum_with_long_options(), &status))
        fail_msg("%s", status.message);
    arena_clear(&arena);
}

static void the_code_of_a_pattern_counts_towards_the_limit_of_its_arena(void **state)
{
    (void)state;
    enum { LIMIT = 1 << 20, MOST = LIMIT / 1000 };
    const struct pattern *patterns[MOST];
    struct status status;
    size_t count = 0;
    arena_init(&arena, LIMIT);
    while (count < MOST &&
           pattern_compile(text_literal("((ab){1,9}c){1,99}"), &arena, &patterns[count], &status))
        count++;
    assert_in_range(count, 1, MOST - 1);
    assert_int_equal(status.code, STATUS_RESOURCE_EXHAUSTED);
    assert_non_null(strstr(status.message, "no memory left for a pattern"));
    while (count > 0)
        pattern_release(patterns[--count]);
    arena_clear(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_set_that_would_take_too_much_memory_is_refused),
        cmocka_unit_test(the_options_of_an_enum_count_once),
        cmocka_unit_test(the_code_of_a_pattern_counts_towards_the_limit_of_its_arena),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
