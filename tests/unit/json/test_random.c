/* SPDX-License-Identifier: MIT */
/* Documents of a seeded chance, and mutations of them, read here and by jansson. */
#include "json/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include <jansson.h>

#include "json_exchange.h"

#define DOCUMENTS 1500
#define MUTATIONS 20

static struct sets sets;

struct maker {
    uint64_t state;
    struct arena arena;
    struct buffer out;
};

/* 0 to count - 1. */
static size_t chance(struct maker *maker, size_t count)
{
    maker->state = maker->state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (size_t)(maker->state >> 33) % count;
}

static void add_one_of(struct maker *maker, const char *const *texts, size_t count)
{
    buffer_add_text(&maker->out, text_of(texts[chance(maker, count)]));
}

static void make_space(struct maker *maker)
{
    static const char *const spaces[] = {"", "", "", "", " ", "\n", "\t ", "\r\n"};
    add_one_of(maker, spaces, array_length(spaces));
}

static void make_string(struct maker *maker)
{
    static const char *const pieces[] = {
        "a",
        "group",
        " ",
        "\\n",
        "\\\"",
        "\\\\",
        "\\/",
        "\\u00e4",
        "\\ud83d\\ude00",
        "\xc3\xa4",
        "\xe4\xb8\xad",
        "\xf0\x9f\x98\x80",
        "\x7f",
        "0123456789abcdef",
    };
    buffer_add_char(&maker->out, '"');
    for (size_t count = chance(maker, 6); count > 0; count--)
        add_one_of(maker, pieces, array_length(pieces));
    buffer_add_char(&maker->out, '"');
}

static void make_number(struct maker *maker)
{
    static const char *const numbers[] = {"0",   "-0",   "1",   "-17",    "3.25",
                                          "1e3", "5E-3", "0.1", "1.0e+2", "9007199254740991"};
    add_one_of(maker, numbers, array_length(numbers));
}

static void make_value(struct maker *maker, size_t depth);

static void make_members(struct maker *maker, size_t depth, bool named)
{
    for (size_t i = 0, count = chance(maker, 5); i < count; i++) {
        if (i > 0)
            buffer_add_char(&maker->out, ',');
        make_space(maker);
        if (named) {
            /* Different ones, for the most part. */
            buffer_add_char(&maker->out, '"');
            buffer_add_u64(&maker->out, i * 100 + chance(maker, 3));
            buffer_add_literal(&maker->out, "\":");
        }
        make_value(maker, depth + 1);
    }
}

static void make_value(struct maker *maker, size_t depth)
{
    static const char *const words[] = {"null", "true", "false"};
    size_t kind = chance(maker, depth < 6 ? 6 : 3);
    make_space(maker);
    if (kind == 0) {
        add_one_of(maker, words, array_length(words));
    } else if (kind == 1) {
        make_number(maker);
    } else if (kind == 2) {
        make_string(maker);
    } else {
        buffer_add_char(&maker->out, kind == 3 ? '[' : '{');
        make_members(maker, depth, kind != 3);
        make_space(maker);
        buffer_add_char(&maker->out, kind == 3 ? ']' : '}');
    }
    make_space(maker);
}

static struct text make_document(struct maker *maker, uint64_t seed)
{
    *maker = (struct maker){.state = seed};
    arena_init(&maker->arena, EXCHANGE_BYTES);
    buffer_init(&maker->out, &maker->arena, 256);
    make_value(maker, 0);
    assert_false(maker->out.full);
    return buffer_text(&maker->out);
}

/* One byte changed, taken away or added; never NUL, which jansson takes for the end. */
static void mutate(struct maker *maker, struct text document, struct buffer *out)
{
    static const char bytes[] = "{}[]\",:\\ue0-+.19tn \n\x01\x80\xed\xff";
    size_t at = chance(maker, document.size), kind = chance(maker, 3);
    buffer_add(out, document.data, at);
    if (kind != 0)
        buffer_add_char(out, bytes[chance(maker, sizeof bytes - 1)]);
    size_t behind = kind == 2 ? at : at + 1;
    buffer_add(out, document.data + behind, document.size - behind);
}

/* As another library reads it; NULL when that refuses, also for limits that only it has. */
static json_t *read_elsewhere(struct text document, bool *comparable)
{
    json_error_t error;
    json_t *read = json_loadb(document.data, document.size,
                              JSON_DECODE_ANY | JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES |
                                  JSON_DECODE_INT_AS_REAL,
                              &error);
    *comparable = read || (json_error_code(&error) != json_error_numeric_overflow &&
                           json_error_code(&error) != json_error_null_byte_in_key);
    return read;
}

static bool visit(struct text path, struct text value, bool is_string, void *context)
{
    (void)path;
    (void)value;
    (void)is_string;
    (void)context;
    return true;
}

static bool is_json(struct text document)
{
    static const struct json_limits limits;
    struct arena arena;
    struct status status;
    arena_init(&arena, EXCHANGE_BYTES);
    bool good = json_visit(document, &limits, &arena, visit, NULL, &status);
    arena_clear(&arena);
    return good;
}

/* Read into google.protobuf.Value and written, a document is the same to the other library. */
static void must_come_back(struct text document, json_t *elsewhere)
{
    static const struct json_read_options options;
    static const struct json_style style = {.enum_names = true};
    const struct schema_message *type =
        message_type(sets.schema, text_literal("google.protobuf.Value"));
    scoped(exchange) struct exchange exchange;
    bool comparable;
    if (!exchange_read(&exchange, type, document, &options) ||
        !exchange_write(&exchange, type, &style))
        fail_msg("%.*s: %s", text_arguments(document), exchange.status.message);
    json_t *written = read_elsewhere(exchange.written, &comparable);
    if (!json_equal(written, elsewhere))
        fail_msg("%.*s became %.*s", text_arguments(document), text_arguments(exchange.written));
    json_decref(written);
}

static void documents_come_back_as_they_were(void **state)
{
    (void)state;
    size_t read = 0;
    for (uint64_t seed = 0; seed < DOCUMENTS; seed++) {
        struct maker maker;
        struct text document = make_document(&maker, seed);
        bool comparable;
        json_t *elsewhere = read_elsewhere(document, &comparable);
        if (elsewhere)
            must_come_back(document, elsewhere);
        read += elsewhere != NULL;
        json_decref(elsewhere);
        arena_clear(&maker.arena);
    }
    assert_true(read > DOCUMENTS / 2);
}

static void mutations_are_json_here_when_they_are_elsewhere(void **state)
{
    (void)state;
    size_t good = 0, bad = 0;
    for (uint64_t seed = 0; seed < DOCUMENTS; seed++) {
        struct maker maker;
        struct text document = make_document(&maker, seed);
        for (size_t i = 0; i < MUTATIONS; i++) {
            struct buffer mutation;
            bool comparable;
            buffer_init(&mutation, &maker.arena, document.size + 1);
            mutate(&maker, document, &mutation);
            json_t *elsewhere = read_elsewhere(buffer_text(&mutation), &comparable);
            if (comparable && is_json(buffer_text(&mutation)) != (elsewhere != NULL))
                fail_msg("%.*s is %s elsewhere", text_arguments(buffer_text(&mutation)),
                         elsewhere ? "JSON" : "refused");
            *(elsewhere ? &good : &bad) += comparable;
            json_decref(elsewhere);
        }
        arena_clear(&maker.arena);
    }
    assert_true(good > DOCUMENTS && bad > DOCUMENTS);
}

/* A real number is written so that it is read as the same one, by us and by the C library. */
static void real_numbers_come_back_exactly(void **state)
{
    (void)state;
    static const struct json_read_options options;
    static const struct json_style style = {.enum_names = true};
    const struct schema_message *type = sets_type(&sets, "Scalars");
    struct maker maker = {.state = 1};
    for (int i = 0; i < 20000; i++) {
        union {
            uint64_t bits;
            double number;
        } wide = {(uint64_t)chance(&maker, 1U << 31) << 33 ^ chance(&maker, 1U << 31)};
        union {
            uint32_t bits;
            float number;
        } narrow = {(uint32_t)(wide.bits >> 32)};
        scoped(exchange) struct exchange first;
        scoped(exchange) struct exchange second;
        assert_true(exchange_read(&first, type, text_literal("{}"), &options));
        double *a_double = schema_value(first.message, sets_field(type, "a_double"));
        float *a_float = schema_value(first.message, sets_field(type, "a_float"));
        *a_double = wide.number;
        *a_float = narrow.number;
        assert_true(exchange_write(&first, type, &style));
        assert_true(exchange_read(&second, type, first.written, &options));
        a_double = schema_value(second.message, sets_field(type, "a_double"));
        a_float = schema_value(second.message, sets_field(type, "a_float"));
        /* All NaNs are one. */
        assert_true(memcmp(a_double, &wide, sizeof wide) == 0 || wide.number != wide.number);
        assert_true(memcmp(a_float, &narrow, sizeof narrow) == 0 || narrow.number != narrow.number);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(documents_come_back_as_they_were),
        cmocka_unit_test(mutations_are_json_here_when_they_are_elsewhere),
        cmocka_unit_test(real_numbers_come_back_exactly),
    };
    sets = sets_load("protos/types.binpb");
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    sets_clear(&sets);
    return failed;
}
