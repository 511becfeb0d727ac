/* SPDX-License-Identifier: MIT */
/* Does a block that is written read back, in frames of any count; are values judged rightly? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/memory.h"
#include "http2/header_block.h"
#include "http2/header_field.h"

#include "base/banned.h"

static const size_t lengths[] = {0, 1, 126, 127, 128, 254, 255, 256, 16383, 16384, 40000};

struct seen {
    size_t count;
    struct output fields;
};

static void see(void *context, struct text name, struct text value)
{
    struct seen *seen = context;
    seen->count++;
    header_write(&seen->fields, name, value);
}

static char *repeated(char c, size_t size)
{
    char *value = memory_expect(malloc(size + 1));
    memset(value, c, size);
    value[size] = '\0';
    return value;
}

static void a_field_of_any_length_reads_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < array_length(lengths); i++) {
        struct output block = {0};
        char *value = repeated('v', lengths[i]);
        header_write(&block, text_literal("name"), (struct text){value, lengths[i]});
        header_write(&block, text_literal("last"), text_literal(""));
        struct input input = {block.data, block.size};
        struct text name, read;
        assert_true(header_read(&input, &name, &read));
        assert_true(text_equal(name, text_literal("name")));
        assert_true(text_equal(read, (struct text){value, lengths[i]}));
        assert_true(header_read(&input, &name, &read));
        assert_int_equal(read.size, 0);
        assert_false(header_read(&input, &name, &read));
        free(value);
        output_clear(&block);
    }
}

struct field {
    struct text name, value;
};

static void expect_field(void *context, struct text name, struct text value)
{
    const struct field **expected = context;
    assert_true(text_equal(name, (*expected)->name));
    assert_true(text_equal(value, (*expected)->value));
    (*expected)++;
}

/* RFC 7541 appendix A. */
static void fields_of_the_static_table_read_back_and_are_what_nghttp2_reads(void **state)
{
    (void)state;
    static const struct field expected[] = {
        {text_literal(":method"), text_literal("POST")},
        {text_literal(":scheme"), text_literal("http")},
        {text_literal(":scheme"), text_literal("https")},
        {text_literal(":path"), text_literal("/a.B/C")},
        {text_literal(":authority"), text_literal("me")},
        {text_literal("content-type"), text_literal("application/grpc")},
        {text_literal("host"), text_literal("you")},
        {text_literal("user-agent"), text_literal("")},
    };
    struct output block = {0};
    header_write_place(&block, HEADER_METHOD_POST);
    header_write_place(&block, HEADER_SCHEME_HTTP);
    header_write_value(&block, HEADER_SCHEME_HTTP, expected[2].value);
    header_write_value(&block, HEADER_PATH, expected[3].value);
    header_write_value(&block, HEADER_AUTHORITY, expected[4].value);
    header_write_value(&block, HEADER_CONTENT_TYPE, expected[5].value);
    header_write_value(&block, HEADER_HOST, expected[6].value);
    header_write_place(&block, HEADER_USER_AGENT);
    struct input whole = {block.data, block.size};
    struct nghttp2_hd_inflater *inflater = header_inflater_new();
    const struct field *next = expected;
    assert_true(header_block_decode(inflater, whole, expect_field, &next));
    assert_int_equal(next - expected, array_length(expected));
    next = expected;
    for (struct text name, value; header_read(&whole, &name, &value);)
        expect_field(&next, name, value);
    assert_int_equal(next - expected, array_length(expected));
    header_inflater_free(inflater);
    output_clear(&block);
}

/* The payloads of HEADERS and CONTINUATION frames, one after the other. */
static struct output join_frames(const struct output *frames, size_t *count)
{
    struct output block = {0};
    struct input input = {frames->data, frames->size};
    struct frame_reader reader = {0};
    for (*count = 0; frame_reader_head(&reader, &input); ++*count) {
        assert_true(frame_reader_payload(&reader, &input));
        assert_int_equal(reader.frame.type, *count == 0 ? FRAME_HEADERS : FRAME_CONTINUATION);
        assert_int_equal(reader.frame.stream, 5);
        assert_int_equal((reader.frame.flags & FLAG_END_HEADERS) != 0, input.size == 0);
        assert_true(reader.frame.size <= FRAME_PAYLOAD_LIMIT);
        output_add(&block, reader.frame.payload, reader.frame.size);
        frame_reader_next(&reader);
    }
    return block;
}

static void a_block_of_any_size_decodes_from_its_frames(void **state)
{
    (void)state;
    for (size_t i = 0; i < array_length(lengths); i++) {
        struct output frames = {0};
        struct seen seen = {0};
        size_t count;
        char *value = repeated('v', lengths[i]);
        size_t start = header_frame_begin(&frames);
        header_write(&frames, text_literal("name"), (struct text){value, lengths[i]});
        header_frame_end(&frames, start, 5, 0);
        struct output block = join_frames(&frames, &count);
        assert_int_equal(count, (block.size + FRAME_PAYLOAD_LIMIT - 1) / FRAME_PAYLOAD_LIMIT);
        struct nghttp2_hd_inflater *inflater = header_inflater_new();
        assert_true(
            header_block_decode(inflater, (struct input){block.data, block.size}, see, &seen));
        assert_int_equal(seen.count, 1);
        assert_int_equal(seen.fields.size, block.size);
        assert_memory_equal(seen.fields.data, block.data, block.size);
        header_inflater_free(inflater);
        output_clear(&seen.fields);
        output_clear(&block);
        output_clear(&frames);
        free(value);
    }
}

static void an_empty_block_has_no_fields(void **state)
{
    (void)state;
    struct seen seen = {0};
    struct nghttp2_hd_inflater *inflater = header_inflater_new();
    assert_true(header_block_decode(inflater, (struct input){(const uint8_t *)"", 0}, see, &seen));
    assert_int_equal(seen.count, 0);
    header_inflater_free(inflater);
}

static const struct {
    const char *value, *written; /* NULL: refused */
} binary[] = {
    {"", ""},         {"YQ", "YQ"},        {"YQ==", "YQ"},       {"YWI=", "YWI"},
    {"YWJj", "YWJj"}, {"YQ, Yg", "YQ|Yg"}, {"YQ,", "YQ|"},       {"+/+/", "+/+/"},
    {"Y", NULL},      {"YQ=", NULL},       {"YR", NULL},         {"YWJ", NULL},
    {"YQ===", NULL},  {"YQ==YQ==", NULL},  {"-_-_", NULL},       {"=", NULL},
    {"====", NULL},   {"YQ YQ", NULL},     {"YQ\xff\xff", NULL},
};

static void binary_values_are_base64_without_padding(void **state)
{
    (void)state;
    for (size_t i = 0; i < array_length(binary); i++) {
        struct output block = {0}, joined = {0};
        struct text name, value;
        bool good = header_write_binary(&block, text_literal("x-bin"), text_of(binary[i].value));
        assert_int_equal(good, binary[i].written != NULL);
        struct input input = {block.data, block.size};
        for (const char *between = ""; good && header_read(&input, &name, &value); between = "|") {
            output_add(&joined, between, strlen(between));
            output_add(&joined, value.data, value.size);
        }
        if (good)
            assert_true(text_equal((struct text){(char *)joined.data, joined.size},
                                   text_of(binary[i].written)));
        output_clear(&joined);
        output_clear(&block);
    }
}

static void each_byte_of_a_value_is_judged_wherever_it_stands(void **state)
{
    (void)state;
    char value[20];
    for (int byte = 0; byte < 256; byte++) {
        bool legal = (byte >= ' ' && byte != 0x7f) || byte == '\t';
        bool blank = byte == ' ' || byte == '\t';
        for (size_t at = 0; at < sizeof value; at++) {
            memset(value, 'v', sizeof value);
            value[at] = (char)byte;
            bool edge = at == 0 || at == sizeof value - 1;
            assert_int_equal(header_value_is_legal((struct text){value, sizeof value}),
                             legal && !(blank && edge));
            assert_int_equal(header_value_is_visible((struct text){value, sizeof value}),
                             byte > ' ' && byte < 0x7f);
            assert_int_equal(header_value_is_visible((struct text){value + at, 1}),
                             byte > ' ' && byte < 0x7f);
        }
    }
}

static void names_are_lower_case_tokens(void **state)
{
    (void)state;
    static const char legal[] = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz";
    for (int byte = 0; byte < 256; byte++) {
        char name = (char)byte;
        assert_int_equal(header_name_is_legal((struct text){&name, 1}),
                         byte != 0 && strchr(legal, byte) != NULL);
    }
    assert_false(header_name_is_legal(text_literal("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_field_of_any_length_reads_back),
        cmocka_unit_test(fields_of_the_static_table_read_back_and_are_what_nghttp2_reads),
        cmocka_unit_test(a_block_of_any_size_decodes_from_its_frames),
        cmocka_unit_test(an_empty_block_has_no_fields),
        cmocka_unit_test(binary_values_are_base64_without_padding),
        cmocka_unit_test(each_byte_of_a_value_is_judged_wherever_it_stands),
        cmocka_unit_test(names_are_lower_case_tokens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
