/* SPDX-License-Identifier: MIT */
/* Does `check` report each fault of files and options, and print the methods that would be served?
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/check.h"

#include "given.h"

static bool good_credential(const struct config *config, struct buffer *summary,
                            struct status *status)
{
    (void)status;
    buffer_add_literal(summary, "token file ");
    buffer_add_text(summary, text_of(config->token_file));
    buffer_add_literal(summary, ": a token of 10240 bytes");
    return true;
}

static bool good_certificate(const struct config *config, bool *has_expired, struct buffer *summary,
                             struct status *status)
{
    (void)status;
    *has_expired = strstr(config->tls_cert_file, "old");
    buffer_add_literal(summary, "the certificate expires some day");
    return true;
}

static bool bad_certificate(const struct config *config, bool *has_expired, struct buffer *summary,
                            struct status *status)
{
    (void)has_expired, (void)summary;
    return status_fail(status, STATUS_FAILED_PRECONDITION, "%s: it is not the certificate's key",
                       config->tls_key_file);
}

static bool good_ca(const char *path, struct buffer *summary, struct status *status)
{
    (void)status;
    buffer_add_text(summary, text_of(path));
    buffer_add_literal(summary, ": 3 certificates");
    return true;
}

static bool bad_ca(const char *path, struct buffer *summary, struct status *status)
{
    (void)summary;
    return status_fail(status, STATUS_FAILED_PRECONDITION, "%s: it holds no certificate in PEM",
                       path);
}

static bool bad_credential(const struct config *config, struct buffer *summary,
                           struct status *status)
{
    (void)summary;
    return status_fail(status, STATUS_UNAVAILABLE, "token file %s: the file is empty",
                       config->token_file);
}

static const struct check_functions good_files = {good_credential, good_certificate, good_ca},
                                    bad_files = {bad_credential, bad_certificate, bad_ca};

/* Runs the command and keeps its output, terminated. */
static int check(const char *flags, const struct check_functions *functions, char *printed,
                 size_t size)
{
    struct config config;
    FILE *file = tmpfile();
    assert_non_null(file);
    given_good(&config, flags, "");
    fflush(stdout);
    int terminal = dup(STDOUT_FILENO);
    assert_true(dup2(fileno(file), STDOUT_FILENO) >= 0);
    int exit_code = client_check(&config, functions);
    fflush(stdout);
    assert_true(dup2(terminal, STDOUT_FILENO) >= 0);
    close(terminal);
    rewind(file);
    size_t bytes = fread(printed, 1, size - 1, file);
    printed[bytes] = '\0';
    fclose(file);
    config_clear(&config);
    return exit_code;
}

static size_t findings_in(const char *printed)
{
    size_t count = 0;
    for (const char *at = printed; (at = strstr(at, "✗ ")); at++)
        count++;
    return count;
}

static void expect_finding(const char *flags, const struct check_functions *functions,
                           const char *part)
{
    char printed[65536];
    assert_int_equal(check(flags, functions, printed, sizeof printed), 1);
    if (findings_in(printed) != 1 || !strstr(strstr(printed, "✗ "), part))
        fail_msg("%s: %s", flags, printed);
}

/* `path` ends in XXXXXX. */
static void write_file(char *path, const char *content)
{
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, content, strlen(content)), strlen(content));
    close(fd);
}

static void without_findings_options_methods_and_files_are_printed(void **state)
{
    (void)state;
    char printed[65536];
    int exit_code = check("--upstream=https://127.0.0.1:1", &good_files, printed, sizeof printed);
    assert_int_equal(exit_code, 0);
    assert_int_equal(findings_in(printed), 0);
    static const char *const parts[] = {
        "https://127.0.0.1:1",
        "/huaweicloud.apig.v2.ApiGroupService/CreateApiGroup",
        ("CreateApiGroup: POST /v2/{project_id}/apigw/instances/{instance_id}/api-groups, body: *, "
         "response_body: *, not idempotent, look-up\n"),
        ", body: none, response_body: *, IDEMPOTENT\n",
        ", body: response, response_body: responses, IDEMPOTENT\n",
        ", body: *, response_body: *, NO_SIDE_EFFECTS\n",
        "255",
        "required, unless --project-id fills it",
        "a token of 10240 bytes",
        "127.0.0.1 has an address",
    };
    for (size_t i = 0; i < array_length(parts); i++)
        assert_non_null(strstr(printed, parts[i]));
}

static void each_finding_is_a_line(void **state)
{
    (void)state;
    char printed[65536];
    int exit_code = check("--listen=0.0.0.0:1 --upstream=https://[::1]:1 --descriptor-set=/no/set "
                          "--upstream-ca-file=/no/ca --iam-ca-file=/no/iam --token-file=/no/token "
                          "--tls-cert-file=/cert --tls-key-file=/no/key",
                          &bad_files, printed, sizeof printed);
    assert_int_equal(exit_code, 1);
    assert_int_equal(findings_in(printed), 6);
    static const char *const parts[] = {"✗ options: ",
                                        "✗ --descriptor-set: open /no/set",
                                        "✗ --upstream-ca-file: /no/ca: it holds no",
                                        "✗ --iam-ca-file: /no/iam: it holds no",
                                        "--tls-client-ca-file: /no/key: it is not",
                                        "✗ credential: token file /no/token"};
    for (size_t i = 0; i < array_length(parts); i++)
        assert_non_null(strstr(printed, parts[i]));
}

static void a_missing_upstream_is_a_finding(void **state)
{
    (void)state;
    expect_finding("", &good_files, "--upstream");
}

static void an_expired_certificate_is_printed_and_is_not_a_finding(void **state)
{
    (void)state;
    char printed[65536];
    const char *flags =
        "--upstream=https://127.0.0.1 --tls-cert-file=/old.pem --tls-key-file=/key.pem "
        "--upstream-ca-file=/ca.pem --iam-ca-file=/iam.pem";
    assert_int_equal(check(flags, &good_files, printed, sizeof printed), 0);
    assert_non_null(strstr(printed, "! --tls-cert-file: the certificate expires some day"));
    assert_non_null(strstr(printed, "✓ --upstream-ca-file: /ca.pem: 3 certificates"));
    assert_non_null(strstr(printed, "✓ --iam-ca-file: /iam.pem: 3 certificates"));
}

static void a_malformed_descriptor_set_is_a_finding_with_its_path(void **state)
{
    (void)state;
    char path[] = "/tmp/check-XXXXXX", flags[256];
    write_file(path, "\xff\xff");
    snprintf(flags, sizeof flags, "--upstream=https://127.0.0.1 --descriptor-set=%s", path);
    expect_finding(flags, &good_files, path);
    unlink(path);
}

static void behind_a_proxy_the_proxys_name_is_looked_up(void **state)
{
    (void)state;
    char printed[65536];
    assert_int_equal(check("--upstream=https://unknown.invalid --upstream-proxy=http://[::1]:3128",
                           &good_files, printed, sizeof printed),
                     0);
    assert_non_null(strstr(printed, "--upstream-proxy: ::1 has an address"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_findings_options_methods_and_files_are_printed),
        cmocka_unit_test(each_finding_is_a_line),
        cmocka_unit_test(a_missing_upstream_is_a_finding),
        cmocka_unit_test(an_expired_certificate_is_printed_and_is_not_a_finding),
        cmocka_unit_test(a_malformed_descriptor_set_is_a_finding_with_its_path),
        cmocka_unit_test(behind_a_proxy_the_proxys_name_is_looked_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
