/* SPDX-License-Identifier: MIT */
/* Which requests are in order, and what is passed of them? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http2/header_block.h"
#include "http2/request.h"
#include "http2_caller.h"

#include "base/banned.h"

static const struct request_limits limits = {.list_size = 1000, .list_count = 20};

static void add(struct request *request, struct field field)
{
    request_add(request, text_of(field.name), text_of(field.value));
}

/* The usual request with `changed` in place of the field of its name, or behind the others. */
static enum stream_fault judge(struct request *request, struct output *block, struct field changed)
{
    bool placed = false;
    request_init(request, block, &limits);
    for (size_t i = 0; i < usual_request_count; i++) {
        bool same = strcmp(usual_request[i].name, changed.name) == 0;
        placed |= same;
        if (!same || changed.value)
            add(request, same ? changed : usual_request[i]);
    }
    if (!placed && changed.value)
        add(request, changed);
    return request_finish(request);
}

static const struct {
    struct field field;
    enum stream_fault fault;
} rows[] = {
    {{"x", "y"}, STREAM_FAULT_NONE},
    {{"x!y", "z"}, STREAM_FAULT_NONE},
    {{"content-type", "application/grpc+proto"}, STREAM_FAULT_NONE},
    {{"content-type", "application/grpc; charset=utf-8"}, STREAM_FAULT_NONE},
    {{"content-type", "application/grpc+proto;v=1"}, STREAM_FAULT_NONE},
    {{"content-type", "application/grpc+json"}, STREAM_FAULT_CONTENT_TYPE},
    {{"content-type", "application/grpcx"}, STREAM_FAULT_CONTENT_TYPE},
    {{"content-type", "application/grp"}, STREAM_FAULT_CONTENT_TYPE},
    {{"content-type", ""}, STREAM_FAULT_CONTENT_TYPE},
    {{"content-type", "application/grpc;\x01"}, STREAM_FAULT_MALFORMED},
    {{"content-type", NULL}, STREAM_FAULT_CONTENT_TYPE},
    {{"te", NULL}, STREAM_FAULT_TE},
    {{"te", "trailers, deflate"}, STREAM_FAULT_MALFORMED},
    {{":authority", NULL}, STREAM_FAULT_AUTHORITY},
    {{":authority", "[::1]:80"}, STREAM_FAULT_NONE},
    {{":authority", "user@host"}, STREAM_FAULT_MALFORMED},
    {{":authority", ""}, STREAM_FAULT_MALFORMED},
    {{":authority", "a b"}, STREAM_FAULT_MALFORMED},
    {{"host", "SIDECAR:8080"}, STREAM_FAULT_NONE},
    {{"host", "other"}, STREAM_FAULT_MALFORMED},
    {{"host", ""}, STREAM_FAULT_MALFORMED},
    {{":scheme", "https"}, STREAM_FAULT_NONE},
    {{":scheme", "HTTP"}, STREAM_FAULT_SCHEME},
    {{":scheme", NULL}, STREAM_FAULT_MALFORMED},
    {{":method", "CONNECT"}, STREAM_FAULT_NOT_POST},
    {{":method", ""}, STREAM_FAULT_MALFORMED},
    {{":method", "P\x80"}, STREAM_FAULT_MALFORMED},
    {{":path", ""}, STREAM_FAULT_MALFORMED},
    {{":path", "*"}, STREAM_FAULT_MALFORMED},
    {{":path", "/a b"}, STREAM_FAULT_MALFORMED},
    {{":path", "/\xc3\xa4"}, STREAM_FAULT_MALFORMED},
    {{":status", "200"}, STREAM_FAULT_MALFORMED},
    {{"grpc-timeout", "99999999n"}, STREAM_FAULT_NONE},
    {{"grpc-timeout", "0u"}, STREAM_FAULT_DEADLINE},
    {{"grpc-timeout", "00000000H"}, STREAM_FAULT_DEADLINE},
    {{"grpc-timeout", "00000001n"}, STREAM_FAULT_NONE},
    {{"grpc-timeout", "10S"}, STREAM_FAULT_NONE},
    {{"grpc-timeout", "1H"}, STREAM_FAULT_NONE},
    {{"grpc-timeout", "100000000n"}, STREAM_FAULT_TIMEOUT},
    {{"grpc-timeout", "S"}, STREAM_FAULT_TIMEOUT},
    {{"grpc-timeout", "1"}, STREAM_FAULT_TIMEOUT},
    {{"grpc-timeout", "1SS"}, STREAM_FAULT_TIMEOUT},
    {{"grpc-timeout", "1h"}, STREAM_FAULT_TIMEOUT},
    {{"grpc-timeout", ""}, STREAM_FAULT_TIMEOUT},
    {{"content-length", "17"}, STREAM_FAULT_NONE},
    {{"content-length", "-1"}, STREAM_FAULT_MALFORMED},
    {{"content-length", "99999999999999999999"}, STREAM_FAULT_MALFORMED},
    {{"proxy-connection", "keep-alive"}, STREAM_FAULT_MALFORMED},
    {{"keep-alive", "1"}, STREAM_FAULT_MALFORMED},
    {{"transfer-encoding", "chunked"}, STREAM_FAULT_MALFORMED},
    {{"upgrade", "h2c"}, STREAM_FAULT_MALFORMED},
    {{"x", " y"}, STREAM_FAULT_MALFORMED},
    {{"x", "y\t"}, STREAM_FAULT_MALFORMED},
    {{"x", "a\tb"}, STREAM_FAULT_NONE},
    {{"x", "\x7f"}, STREAM_FAULT_MALFORMED},
};

static void a_row_has_its_fault(void **state)
{
    (void)state;
    for (size_t i = 0; i < array_length(rows); i++) {
        struct request request;
        struct output block = {0};
        enum stream_fault fault = judge(&request, &block, rows[i].field);
        if (fault != rows[i].fault)
            fail_msg("%s: %s has fault %d, not %d", rows[i].field.name,
                     rows[i].field.value ? rows[i].field.value : "(none)", fault, rows[i].fault);
        output_clear(&block);
    }
}

static void fields_are_passed_in_their_order_but_content_length(void **state)
{
    (void)state;
    struct request request;
    struct output block = {0};
    struct text name, value;
    assert_int_equal(judge(&request, &block, (struct field){"content-length", "17"}),
                     STREAM_FAULT_NONE);
    struct input input = {block.data, block.size};
    for (size_t i = 0; i < usual_request_count; i++) {
        assert_true(header_read(&input, &name, &value));
        assert_true(text_equal(name, text_of(usual_request[i].name)));
        assert_true(text_equal(value, text_of(usual_request[i].value)));
    }
    assert_int_equal(input.size, 0);
    assert_int_equal(request.content_length, 17);
    assert_memory_equal(block.data + request.path.at, "/huaweicloud.", 13);
    assert_int_equal(request.path.size, 51);
    assert_memory_equal(block.data + request.authority.at, "sidecar:8080", 12);
    output_clear(&block);
}

static void an_unknown_encoding_is_not_passed(void **state)
{
    (void)state;
    struct request request;
    struct output block = {0}, without = {0};
    assert_int_equal(judge(&request, &without, (struct field){"x", NULL}), STREAM_FAULT_NONE);
    assert_int_equal(judge(&request, &block, (struct field){"grpc-encoding", "br"}),
                     STREAM_FAULT_NONE);
    assert_int_equal(request.encoding, ENCODING_UNKNOWN);
    assert_int_equal(block.size, without.size);
    output_clear(&block);
    output_clear(&without);
}

static void a_field_that_gives_a_call_its_meaning_stands_once(void **state)
{
    (void)state;
    static const struct {
        struct field field;
        enum stream_fault fault;
    } second[] = {
        {{"te", "trailers"}, STREAM_FAULT_REPEATED},
        {{"content-type", "application/grpc"}, STREAM_FAULT_REPEATED},
        {{"grpc-timeout", "1S"}, STREAM_FAULT_REPEATED},
        {{"user-agent", "a"}, STREAM_FAULT_NONE},
        {{":path", "/x"}, STREAM_FAULT_MALFORMED}, /* also because it comes too late */
    };
    for (size_t i = 0; i < array_length(second); i++) {
        struct request request;
        request_init(&request, NULL, &limits);
        for (size_t j = 0; j < usual_request_count; j++)
            add(&request, usual_request[j]);
        add(&request, second[i].field);
        assert_int_equal(request_finish(&request), second[i].fault);
    }
}

static void a_list_above_the_limits_is_not_written(void **state)
{
    (void)state;
    struct request request;
    struct output block = {0};
    request_init(&request, &block, &limits);
    for (int i = 0; i < 25; i++)
        add(&request, (struct field){"a", "b"});
    assert_int_equal(request.fault, STREAM_FAULT_METADATA_COUNT);
    assert_int_equal(block.size, 20 * 5);
    block.size = 0;
    request_init(&request, &block, &limits);
    for (int i = 0; i < 20; i++)
        add(&request, (struct field){"name", "thirty bytes of a field's value"});
    assert_int_equal(request.fault, STREAM_FAULT_METADATA_SIZE);
    assert_true(block.size < limits.list_size);
    output_clear(&block);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_row_has_its_fault),
        cmocka_unit_test(fields_are_passed_in_their_order_but_content_length),
        cmocka_unit_test(an_unknown_encoding_is_not_passed),
        cmocka_unit_test(a_field_that_gives_a_call_its_meaning_stands_once),
        cmocka_unit_test(a_list_above_the_limits_is_not_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
