/* SPDX-License-Identifier: MIT */
/* What becomes of a call for which --max-memory leaves no room? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "rig.h"

/* CreateApiGroupRequest {project_id: "p" instance_id: "i" name: "name"}, as bytes, to which a
 * remark of a size above that of the transaction's own memory is added. */
#define CREATE "\n\1p\x12\1i\x1a\4name"
#define REMARK_BYTES 20000
#define REMARK_HEAD "\x22\xa0\x9c\x01"

#define BODY_BYTES 20000

/* Grants as many blocks, and no more. */
struct few {
    struct arena_quota quota;
    size_t blocks;
};

static bool reserve(struct arena_quota *quota, const struct arena *arena, size_t bytes)
{
    (void)arena, (void)bytes;
    struct few *few = (struct few *)quota;
    return few->blocks > 0 && few->blocks--;
}

static void release(struct arena_quota *quota, size_t bytes)
{
    (void)quota, (void)bytes;
}

/* A response whose body needs a block of its own, and whose message another one. */
static struct text response(const char *object)
{
    static char bytes[BODY_BYTES + 128];
    int head = snprintf(bytes, sizeof bytes, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s",
                        BODY_BYTES, object);
    size_t size = (size_t)head - strlen(object) + BODY_BYTES;
    memset(bytes + head, ' ', size - (size_t)head);
    return (struct text){bytes, size};
}

static const struct rig_result *call(struct rig *rig, const char *method, struct text message)
{
    const struct rig_response responses[] = {
        {.bytes = response("{\"id\": \"abcd\", \"name\": \"name\"}")}};
    const struct rig_upstream upstream = {.responses = responses, .response_count = 1};
    return rig_call(rig, rig_method(rig, text_of(method)), message, NULL, &upstream);
}

static void assert_names_the_option(const struct rig_result *result)
{
    assert_non_null(memmem(result->message.data, result->message.size, "--max-memory", 12));
}

static void assert_shortage(const struct rig_result *result)
{
    assert_int_equal(result->code, STATUS_RESOURCE_EXHAUSTED);
    assert_names_the_option(result);
    assert_true(rig_trailer(result, "grpc-retry-pushback-ms").size > 2);
}

static void a_large_request_is_refused_and_nothing_is_sent(void **state)
{
    (void)state;
    static char message[sizeof CREATE + sizeof REMARK_HEAD + REMARK_BYTES];
    struct text whole = {message, sizeof CREATE - 1 + sizeof REMARK_HEAD - 1 + REMARK_BYTES};
    memset(message, 'r', sizeof message);
    memcpy(message, CREATE, sizeof CREATE - 1);
    memcpy(message + sizeof CREATE - 1, REMARK_HEAD, sizeof REMARK_HEAD - 1);
    struct rig *rig = rig_new("a-token");
    struct few few = {{reserve, release}, 0};
    rig_memory(rig, &few.quota, NULL);
    const struct rig_result *result = call(rig, "CreateApiGroup", whole);
    assert_shortage(result);
    assert_int_equal(result->request_count, 0);
    assert_int_equal(call(rig, "CreateApiGroup", text_literal(CREATE))->code, STATUS_OK);
    rig_free(rig);
}

/* The first block is the reader's, the second one the body's. */
static void a_read_whose_response_does_not_fit_may_be_repeated(void **state)
{
    (void)state;
    for (size_t blocks = 1; blocks <= 2; blocks++) {
        struct rig *rig = rig_new("a-token");
        struct few few = {{reserve, release}, blocks};
        rig_memory(rig, NULL, &few.quota);
        const struct rig_result *result = call(rig, "ListApiGroups", text_literal("\n\1p\x12\1i"));
        assert_shortage(result);
        assert_int_equal(result->request_count, 1);
        rig_free(rig);
    }
}

static void a_create_whose_response_does_not_fit_has_an_unknown_outcome(void **state)
{
    (void)state;
    for (size_t blocks = 1; blocks <= 2; blocks++) {
        struct rig *rig = rig_new("a-token");
        struct few few = {{reserve, release}, blocks};
        rig_memory(rig, NULL, &few.quota);
        const struct rig_result *result = call(rig, "CreateApiGroup", text_literal(CREATE));
        assert_int_equal(result->code, STATUS_UNKNOWN);
        assert_names_the_option(result);
        assert_string_equal(rig_trailer(result, "grpc-retry-pushback-ms").data, "-1");
        rig_free(rig);
    }
}

static void a_read_is_refused_when_no_memory_is_left_for_its_reply(void **state)
{
    (void)state;
    struct rig *rig = rig_new("a-token");
    rig_refuse_replies(rig);
    assert_shortage(call(rig, "ListApiGroups", text_literal("\n\1p\x12\1i")));
    assert_int_equal(call(rig, "CreateApiGroup", text_literal(CREATE))->code, STATUS_OK);
    rig_free(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_large_request_is_refused_and_nothing_is_sent),
        cmocka_unit_test(a_read_whose_response_does_not_fit_may_be_repeated),
        cmocka_unit_test(a_create_whose_response_does_not_fit_has_an_unknown_outcome),
        cmocka_unit_test(a_read_is_refused_when_no_memory_is_left_for_its_reply),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
