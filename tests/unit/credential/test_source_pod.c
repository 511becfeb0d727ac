/* SPDX-License-Identifier: MIT */
/* Is the pod's key asked for as the agent of CCE Pod Identity wants it? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <unistd.h>

#include "credential/source_pod.h"
#include "source_trial.h"

#include "base/banned.h"

static void begin(struct source_trial *trial, const char *token)
{
    char path[] = "/tmp/pod-token-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0 && write(fd, token, strlen(token)) == (ssize_t)strlen(token));
    close(fd);
    source_begin(trial, source_pod_open("http://169.254.170.23/v1", path));
    unlink(path);
}

static void the_token_is_sent_as_it_is(void **state)
{
    (void)state;
    struct source_trial trial;
    begin(&trial, "eyJ.pod.token\n");
    assert_request(&trial, SOURCE_NODE, "POST", "");
    assert_field(&trial, "Authorization", "eyJ.pod.token");
    assert_true(text_equal(trial.fetch.request.body, text_literal("{}")));
    source_answer(&trial, 200,
                  "{\"credentials\":{\"accessKeyId\":\"AK1\",\"secretAccessKey\":\"SK1\","
                  "\"securityToken\":\"ST1\",\"expiration\":\"2020-01-08T03:50:07Z\"}}",
                  "");
    assert_int_equal(trial.next, SOURCE_ISSUED);
    assert_true(text_equal(trial.fetch.issued.security, text_literal("ST1")));
    source_end(&trial);
}

static void a_token_that_cannot_be_sent_is_refused_by_its_path(void **state)
{
    (void)state;
    struct source_trial trial;
    begin(&trial, "eyJ\r\nX-Injected: 1");
    assert_failed(&trial, SOURCE_PASSING, "/tmp/pod-token-");
    source_end(&trial);
}

static void a_refusal_has_the_agents_words(void **state)
{
    (void)state;
    struct source_trial trial;
    begin(&trial, "eyJ.pod.token");
    source_answer(&trial, 403, "{\"error_code\":\"CCE.1\",\"error_msg\":\"no agency\"}", "");
    assert_failed(&trial, SOURCE_REFUSED, "HTTP 403, CCE.1: no agency");
    source_end(&trial);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_token_is_sent_as_it_is),
        cmocka_unit_test(a_token_that_cannot_be_sent_is_refused_by_its_path),
        cmocka_unit_test(a_refusal_has_the_agents_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
