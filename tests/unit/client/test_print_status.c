/* SPDX-License-Identifier: MIT */
/* Is a failure printed in lines that a person can read? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "client/print_status.h"

#include "google/rpc/error_details.pb-c.h"
#include "google/rpc/status.pb-c.h"

#define TYPE "type.googleapis.com/google.rpc."

static struct text pack(const ProtobufCMessage *message, struct arena *arena)
{
    uint8_t *bytes = arena_alloc(arena, protobuf_c_message_get_packed_size(message) + 1);
    assert_non_null(bytes);
    return (struct text){(char *)bytes, protobuf_c_message_pack(message, bytes)};
}

/* A google.rpc.Status with one detail, as a trailer has it. */
static struct text status_with(const char *type, const ProtobufCMessage *detail,
                               struct arena *arena)
{
    struct text packed = pack(detail, arena);
    Google__Rpc__Status status;
    Google__Protobuf__Any any, *list[] = {&any};
    google__rpc__status__init(&status);
    google__protobuf__any__init(&any);
    any.type_url = (char *)(uintptr_t)type;
    any.value = (ProtobufCBinaryData){packed.size, (uint8_t *)(uintptr_t)packed.data};
    status.details = list;
    status.n_details = 1;
    return pack(&status.base, arena);
}

static void expect(const char *type, const ProtobufCMessage *detail, const char *wanted)
{
    struct arena arena;
    struct buffer out;
    arena_init(&arena, 1 << 20);
    buffer_init(&out, &arena, 0);
    print_trailer(text_literal("grpc-status-details-bin"), status_with(type, detail, &arena), &out);
    buffer_add_char(&out, '\0');
    assert_string_equal(out.at, wanted);
    arena_clear(&arena);
}

static void a_status_is_printed_as_its_name_and_message_in_one_line(void **state)
{
    (void)state;
    struct arena arena;
    struct buffer out;
    arena_init(&arena, 1 << 20);
    buffer_init(&out, &arena, 0);
    print_status(STATUS_ALREADY_EXISTS, text_literal("组 \"a\" exists\x1b[2J\r\nmore\x7f"), &out);
    buffer_add_char(&out, '\0');
    assert_string_equal(out.at, "ALREADY_EXISTS: 组 \"a\" exists?[2J??more?\n");
    arena_clear(&arena);
}

static void an_error_info_is_printed_as_reason_domain_and_metadata(void **state)
{
    (void)state;
    Google__Rpc__ErrorInfo info;
    Google__Rpc__ErrorInfo__MetadataEntry entry, *list[] = {&entry};
    google__rpc__error_info__init(&info);
    google__rpc__error_info__metadata_entry__init(&entry);
    info.reason = (char *)(uintptr_t) "APIG_3201";
    info.domain = (char *)(uintptr_t) "apig";
    entry.key = (char *)(uintptr_t) "http_status";
    entry.value = (char *)(uintptr_t) "400\n  reason: FORGED";
    info.metadata = list;
    info.n_metadata = 1;
    expect(TYPE "ErrorInfo", &info.base,
           "  reason: APIG_3201\n  domain: apig\n  http_status: 400?  reason: FORGED\n");
}

static void a_bad_request_is_printed_as_one_line_for_each_field(void **state)
{
    (void)state;
    Google__Rpc__BadRequest request;
    Google__Rpc__BadRequest__FieldViolation first, second, *list[] = {&first, &second};
    google__rpc__bad_request__init(&request);
    google__rpc__bad_request__field_violation__init(&first);
    google__rpc__bad_request__field_violation__init(&second);
    first.field = (char *)(uintptr_t) "name";
    first.description = (char *)(uintptr_t) "must have at least 3 characters";
    second.field = (char *)(uintptr_t) "remark";
    request.field_violations = list;
    request.n_field_violations = 2;
    expect(TYPE "BadRequest", &request.base,
           "  field name: must have at least 3 characters\n  field remark: \n");
}

static void a_request_info_is_printed_as_the_upstreams_request_id(void **state)
{
    (void)state;
    Google__Rpc__RequestInfo info;
    google__rpc__request_info__init(&info);
    info.request_id = (char *)(uintptr_t) "0123";
    expect(TYPE "RequestInfo", &info.base, "  upstream request id: 0123\n");
}

static void a_retry_info_is_printed_as_a_delay(void **state)
{
    (void)state;
    Google__Rpc__RetryInfo info;
    Google__Protobuf__Duration delay;
    google__rpc__retry_info__init(&info);
    google__protobuf__duration__init(&delay);
    expect(TYPE "RetryInfo", &info.base, "");
    info.retry_delay = &delay;
    delay.seconds = 2;
    delay.nanos = 500000000;
    expect(TYPE "RetryInfo", &info.base, "  retry after: 2500 ms\n");
    delay.seconds = INT64_MAX;
    expect(TYPE "RetryInfo", &info.base, "");
    delay.seconds = INT64_MIN;
    expect(TYPE "RetryInfo", &info.base, "");
    delay.seconds = 0;
    delay.nanos = -1;
    expect(TYPE "RetryInfo", &info.base, "");
}

static void a_detail_of_another_type_is_named(void **state)
{
    (void)state;
    Google__Rpc__Help help;
    google__rpc__help__init(&help);
    expect(TYPE "Help", &help.base, "  a detail of type: " TYPE "Help\n");
}

static void our_own_trailers_are_printed_and_others_are_not(void **state)
{
    (void)state;
    struct arena arena;
    struct buffer out;
    arena_init(&arena, 1 << 20);
    buffer_init(&out, &arena, 0);
    print_trailer(text_literal("x-apig-attempts"), text_literal("2"), &out);
    print_trailer(text_literal("date"), text_literal("today"), &out);
    print_trailer(text_literal("grpc-retry-pushback-ms"), text_literal("-1"), &out);
    buffer_add_char(&out, '\0');
    assert_string_equal(out.at, "  x-apig-attempts: 2\n  grpc-retry-pushback-ms: -1\n");
    arena_clear(&arena);
}

static void malformed_details_are_left_out(void **state)
{
    (void)state;
    static const struct text broken[] = {
        {"", 0}, {"\xff", 1}, {"\x1a\x05", 2}, {"\x1a\x02\x12\x05", 4}};
    struct arena arena;
    struct buffer out;
    arena_init(&arena, 1 << 20);
    buffer_init(&out, &arena, 0);
    for (size_t i = 0; i < array_length(broken); i++)
        print_trailer(text_literal("grpc-status-details-bin"), broken[i], &out);
    assert_int_equal(out.bytes, 0);

    Google__Rpc__Status status;
    Google__Protobuf__Any any, *list[] = {&any};
    google__rpc__status__init(&status);
    google__protobuf__any__init(&any);
    status.details = list;
    status.n_details = 1;
    any.value = (ProtobufCBinaryData){1, (uint8_t[]){0xff}};
    static const char *const types[] = {TYPE "ErrorInfo", TYPE "BadRequest", TYPE "RequestInfo",
                                        TYPE "RetryInfo"};
    for (size_t i = 0; i < array_length(types); i++) {
        any.type_url = (char *)(uintptr_t)types[i];
        print_trailer(text_literal("grpc-status-details-bin"), pack(&status.base, &arena), &out);
    }
    assert_int_equal(out.bytes, 0);
    arena_clear(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_status_is_printed_as_its_name_and_message_in_one_line),
        cmocka_unit_test(an_error_info_is_printed_as_reason_domain_and_metadata),
        cmocka_unit_test(a_bad_request_is_printed_as_one_line_for_each_field),
        cmocka_unit_test(a_request_info_is_printed_as_the_upstreams_request_id),
        cmocka_unit_test(a_retry_info_is_printed_as_a_delay),
        cmocka_unit_test(a_detail_of_another_type_is_named),
        cmocka_unit_test(our_own_trailers_are_printed_and_others_are_not),
        cmocka_unit_test(malformed_details_are_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
