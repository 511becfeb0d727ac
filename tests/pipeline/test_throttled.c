/* SPDX-License-Identifier: MIT */
/* Does a throttled call wait for the rate, and cost nothing else? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "rig.h"

/* CreateApiGroupRequest {project_id: "p" instance_id: "i" name: "name"} */
#define CREATE text_literal("\n\1p\x12\1i\x1a\4name")

#define THROTTLED "HTTP/1.1 429 Too Many\r\nContent-Length: 0\r\n\r\n"
#define CREATED                                                                                    \
    "HTTP/1.1 201 Created\r\nContent-Length: 27\r\n\r\n{\"id\":\"abcd\",\"name\":\"name\"}"

/* More attempts than a call has when it fails otherwise. */
#define THROTTLED_TIMES 6

static const struct rig_result *create(struct rig *rig, const char *throttled, size_t times)
{
    struct rig_response responses[THROTTLED_TIMES + 1];
    for (size_t i = 0; i < times; i++)
        responses[i] = (struct rig_response){.bytes = text_of(throttled)};
    responses[times] = (struct rig_response){.bytes = text_literal(CREATED)};
    const struct rig_upstream upstream = {
        .responses = responses, .response_count = times + 1, .ends_stream = true};
    return rig_call(rig, rig_method(rig, text_literal("CreateApiGroup")), CREATE, NULL, &upstream);
}

static void a_throttled_call_goes_back_until_it_is_accepted(void **state)
{
    (void)state;
    static const struct {
        const char *response;
        int64_t wait_ns;
    } rows[] = {
        {THROTTLED, 0},
        {"HTTP/1.1 429 Too Many\r\nContent-Length: 9\r\n\r\nbroken", 0},
        {"HTTP/1.1 500 Oops\r\nContent-Length: 26\r\n\r\n{\"error_code\":\"APIG.9008\"}", 0},
        {"HTTP/1.1 429 Too Many\r\nRetry-After: 2\r\nContent-Length: 0\r\n\r\n",
         2 * CLOCK_NS_PER_S},
    };
    for (size_t i = 0; i < array_length(rows); i++) {
        struct rig *rig = rig_new("a-token");
        const struct rig_result *result = create(rig, rows[i].response, THROTTLED_TIMES);
        assert_int_equal(result->code, STATUS_OK);
        assert_int_equal(result->request_count, THROTTLED_TIMES + 1);
        assert_true(result->took_ns >= THROTTLED_TIMES * rows[i].wait_ns);
        rig_free(rig);
    }
}

static void a_throttled_call_costs_the_retries_of_others_nothing(void **state)
{
    (void)state;
    struct rig *rig = rig_new("a-token");
    for (int i = 0; i < 30; i++)
        assert_int_equal(create(rig, THROTTLED, THROTTLED_TIMES)->code, STATUS_OK);
    rig_free(rig);
}

static void a_call_without_the_time_to_wait_is_answered_at_once(void **state)
{
    (void)state;
    struct rig *rig = rig_new("a-token");
    rig_deadline_ns(rig, CLOCK_NS_PER_S);
    const struct rig_result *result =
        create(rig, "HTTP/1.1 429 Too Many\r\nRetry-After: 2\r\nContent-Length: 0\r\n\r\n", 1);
    assert_int_equal(result->code, STATUS_RESOURCE_EXHAUSTED);
    assert_int_equal(result->request_count, 1);
    assert_int_equal(result->took_ns, 0);
    rig_free(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_throttled_call_goes_back_until_it_is_accepted),
        cmocka_unit_test(a_throttled_call_costs_the_retries_of_others_nothing),
        cmocka_unit_test(a_call_without_the_time_to_wait_is_answered_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
