/* SPDX-License-Identifier: MIT */
/* Does a throttling upstream get no request for the delay that callers get? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "rest/details.h"
#include "rig.h"

/* CreateApiGroupRequest {project_id: "p" instance_id: "i" name: "name"} */
#define CREATE text_literal("\n\1p\x12\1i\x1a\4name")

#define TOLD_NS (DETAILS_LATER_MS * CLOCK_NS_PER_MS)

static const struct rig_result *create(struct rig *rig, const char *response)
{
    const struct rig_response responses[] = {{.bytes = text_of(response)}};
    const struct rig_upstream upstream = {
        .responses = responses, .response_count = 1, .ends_stream = true};
    const struct rig_result *result =
        rig_call(rig, rig_method(rig, text_literal("CreateApiGroup")), CREATE, NULL, &upstream);
    assert_int_equal(result->code, STATUS_RESOURCE_EXHAUSTED);
    return result;
}

static void attempts_are_as_far_apart_as_the_delay_in_retry_info(void **state)
{
    (void)state;
    static const struct {
        const char *response;
        int64_t wait_ns;
    } rows[] = {
        {"HTTP/1.1 429 Too Many\r\nContent-Length: 0\r\n\r\n", TOLD_NS},
        {"HTTP/1.1 429 Too Many\r\nContent-Length: 9\r\n\r\nbroken", TOLD_NS},
        {"HTTP/1.1 500 Oops\r\nContent-Length: 26\r\n\r\n{\"error_code\":\"APIG.9008\"}", TOLD_NS},
        {"HTTP/1.1 429 Too Many\r\nRetry-After: 2\r\nContent-Length: 0\r\n\r\n",
         2 * CLOCK_NS_PER_S},
    };
    for (size_t i = 0; i < array_length(rows); i++) {
        struct rig *rig = rig_new("a-token");
        const struct rig_result *result = create(rig, rows[i].response);
        assert_int_equal(result->request_count, 4);
        assert_true(result->took_ns >= 3 * rows[i].wait_ns);
        rig_free(rig);
    }
}

static void a_call_without_the_time_to_wait_is_answered_at_once(void **state)
{
    (void)state;
    struct rig *rig = rig_new("a-token");
    rig_deadline_ns(rig, TOLD_NS);
    const struct rig_result *result =
        create(rig, "HTTP/1.1 429 Too Many\r\nContent-Length: 0\r\n\r\n");
    assert_int_equal(result->request_count, 1);
    assert_int_equal(result->took_ns, 0);
    rig_free(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(attempts_are_as_far_apart_as_the_delay_in_retry_info),
        cmocka_unit_test(a_call_without_the_time_to_wait_is_answered_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
