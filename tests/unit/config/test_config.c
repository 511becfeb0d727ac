/* SPDX-License-Identifier: MIT */
/* Are flags and variables read into the options, and does a wrong one give a useful message? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "config/options.h"

#include "given.h"

static void without_flags_and_variables_the_options_have_their_defaults(void **state)
{
    (void)state;
    struct config config;
    given_good(&config, "", "HOME=/root PATH=/bin");
    assert_int_equal(config.listen_count, 1);
    assert_string_equal(config.listen[0].host, "127.0.0.1");
    assert_int_equal(config.listen[0].port, 50051);
    assert_null(config.upstream);
    assert_null(config.upstream_proxy);
    assert_null(config.project_id);
    assert_string_equal(config.token_file, "/var/run/secrets/apig/token");
    assert_true(config.deadline_ns == 30 * CLOCK_NS_PER_S);
    assert_true(config.max_deadline_ns == 120 * CLOCK_NS_PER_S);
    assert_true(config.idle_timeout_ns == 0);
    assert_int_equal(config.max_message_bytes, 64 << 10);
    assert_int_equal(config.max_in_flight, 1000);
    assert_int_equal(config.admin.port, 9091);
    assert_true(config.log_sample == 1);
    assert_int_equal(config.log_level, LOG_INFO);
    assert_int_equal(config.log_format, LOG_JSON);
    assert_false(config.allow_public_plaintext);
    config_clear(&config);
}

static void a_value_follows_its_flag_joined_or_apart(void **state)
{
    (void)state;
    struct config config;
    given_good(&config,
               "--project-id=a=b --instance-id i --allow-public-plaintext --log-level=error", "");
    assert_string_equal(config.project_id, "a=b");
    assert_string_equal(config.instance_id, "i");
    assert_true(config.allow_public_plaintext);
    assert_int_equal(config.log_level, LOG_ERROR);
    config_clear(&config);
}

static void a_switch_can_be_turned_off(void **state)
{
    (void)state;
    struct config config;
    given_good(&config, "--allow-public-plaintext=false",
               "APIG_SIDECAR_ALLOW_PUBLIC_PLAINTEXT=true");
    assert_false(config.allow_public_plaintext);
    config_clear(&config);
    given_refused("--allow-public-plaintext=yes", "", "yes", "false or true");
    given_refused("--allow-public-plaintext false", "", "false", "not an option");
}

static void a_flag_wins_over_its_variable(void **state)
{
    (void)state;
    struct config config;
    given_good(&config, "--deadline=5s", "APIG_SIDECAR_DEADLINE=6s APIG_SIDECAR_MAX_DEADLINE=7s");
    assert_true(config.deadline_ns == 5 * CLOCK_NS_PER_S);
    assert_true(config.max_deadline_ns == 7 * CLOCK_NS_PER_S);
    config_clear(&config);
}

static void the_last_of_the_same_flag_counts(void **state)
{
    (void)state;
    struct config config;
    given_good(&config, "--deadline=5s --deadline=6s", "");
    assert_true(config.deadline_ns == 6 * CLOCK_NS_PER_S);
    config_clear(&config);
}

static void an_empty_value_stands_for_the_default(void **state)
{
    (void)state;
    struct config config;
    given_good(&config, "--instance-id= --token-file= --deadline= --listen=",
               "APIG_SIDECAR_PROJECT_ID= APIG_SIDECAR_INSTANCE_ID=i APIG_SIDECAR_NO_SUCH= "
               "APIG_SIDECAR_LISTEN=127.0.0.1:1 APIG_SIDECAR_DEADLINE=1s");
    assert_null(config.project_id);
    assert_null(config.instance_id);
    assert_string_equal(config.token_file, "/var/run/secrets/apig/token");
    assert_true(config.deadline_ns == 30 * CLOCK_NS_PER_S);
    assert_int_equal(config.listen_count, 1);
    assert_int_equal(config.listen[0].port, 50051);
    config_clear(&config);
    given_good(&config, "--listen=127.0.0.1:1 --listen=", "");
    assert_int_equal(config.listen_count, 1);
    assert_int_equal(config.listen[0].port, 50051);
    config_clear(&config);
}

static void listeners_add_up_within_flags_and_replace_those_of_the_variable(void **state)
{
    (void)state;
    struct config config;
    given_good(&config, "--listen=127.0.0.1:1,unix:/s --listen [::1]:0",
               "APIG_SIDECAR_LISTEN=127.0.0.1:2");
    assert_int_equal(config.listen_count, 3);
    assert_int_equal(config.listen[0].port, 1);
    assert_string_equal(config.listen[1].unix_path, "/s");
    assert_string_equal(config.listen[2].host, "::1");
    config_clear(&config);
}

static void a_seventeenth_listener_is_refused(void **state)
{
    (void)state;
    char flag[512] = "--listen=";
    for (int i = 1; i <= CONFIG_LISTENERS; i++)
        snprintf(flag + strlen(flag), sizeof flag - strlen(flag), "%sh:%d", i > 1 ? "," : "", i);
    struct config config;
    given_good(&config, flag, "");
    assert_int_equal(config.listen_count, CONFIG_LISTENERS);
    config_clear(&config);
    snprintf(flag + strlen(flag), sizeof flag - strlen(flag), " --listen=h:99");
    given_refused(flag, "", "--listen", "at most 16");
}

static void a_wrong_variable_is_named_as_a_variable(void **state)
{
    (void)state;
    given_refused("", "APIG_SIDECAR_MAX_IN_FLIGHT=many", "APIG_SIDECAR_MAX_IN_FLIGHT: \"many\"",
                  "1 to 1000000");
}

static void an_unknown_flag_is_refused_with_a_similar_one(void **state)
{
    (void)state;
    given_refused("--tokenfile=x", "", "--tokenfile: no such option", "did you mean --token-file?");
    given_refused("--instance=x", "", "--instance:", "did you mean --instance-id?");
    given_refused("--Listen=x:1", "", "--Listen", "did you mean --listen?");
    given_refused("srve", "", "\"srve\" is not an option", "begin with --");
    given_refused("-x", "", "\"-x\" is not an option", "begin with --");
}

static void an_unknown_flag_unlike_any_other_is_refused_without_a_suggestion(void **state)
{
    (void)state;
    given_refused("--something=x", "", "--something: no such option; --help lists", "");
    given_refused("--=x", "", "--: no such option; --help lists", "");
    given_refused("--", "", "--: no such option; --help lists", "");
}

static void a_flag_does_not_take_the_next_flag_for_its_value(void **state)
{
    (void)state;
    given_refused("--token-file", "", "--token-file", "value");
    given_refused("--token-file --region=x", "", "--token-file", "value");
}

static void an_unknown_variable_is_refused_and_its_value_not_shown(void **state)
{
    (void)state;
    struct config config;
    struct status status;
    assert_false(given_read(&config, "", "APIG_SIDECAR_TOKENFILE=hush", &status));
    assert_non_null(strstr(status.message, "APIG_SIDECAR_TOKENFILE"));
    assert_non_null(strstr(status.message, "APIG_SIDECAR_TOKEN_FILE"));
    assert_null(strstr(status.message, "hush"));
    config_clear(&config);
    given_refused("", "APIG_SIDECAR_MONITOR_PORT=9090",
                  "APIG_SIDECAR_MONITOR_PORT: no such variable", "--help lists the options");
    given_refused("", "APIG_SIDECAR_deadline=1s", "APIG_SIDECAR_deadline",
                  "did you mean APIG_SIDECAR_DEADLINE?");
}

/* kubernetes.io, "Discovering services": Services apig-sidecar, with a named port, and
 * apig-sidecar-admin. */
static void variables_that_kubernetes_makes_of_a_service_are_left_alone(void **state)
{
    (void)state;
    struct config config;
    given_good(
        &config, "",
        "APIG_SIDECAR_SERVICE_HOST=10.0.0.11 APIG_SIDECAR_SERVICE_PORT=50051 "
        "APIG_SIDECAR_SERVICE_PORT_GRPC=50051 APIG_SIDECAR_PORT=tcp://10.0.0.11:50051 "
        "APIG_SIDECAR_PORT_50051_TCP=tcp://10.0.0.11:50051 "
        "APIG_SIDECAR_PORT_50051_TCP_PROTO=tcp APIG_SIDECAR_PORT_50051_TCP_PORT=50051 "
        "APIG_SIDECAR_PORT_50051_TCP_ADDR=10.0.0.11 "
        "APIG_SIDECAR_ADMIN_SERVICE_HOST=10.0.0.12 APIG_SIDECAR_ADMIN_PORT=udp://10.0.0.12:1 "
        "APIG_SIDECAR_ADMIN_PORT_1_UDP_ADDR=10.0.0.12");
    config_clear(&config);
}

static void no_option_looks_like_a_variable_of_kubernetes(void **state)
{
    (void)state;
    for (size_t i = 0; i < config_option_count; i++) {
        char spelled[OPTION_SPELLED_BYTES];
        option_spell(&config_options[i], ORIGIN_VARIABLE, spelled);
        assert_null(strstr(spelled, "_SERVICE_"));
        assert_null(strstr(spelled, "_PORT"));
    }
}

static void a_region_fills_in_the_upstream(void **state)
{
    (void)state;
    struct config config;
    given_good(&config, "--region=cn-north-4", "");
    assert_string_equal(config.upstream, "https://apig.cn-north-4.myhuaweicloud.com");
    config_clear(&config);
    given_good(&config, "", "APIG_SIDECAR_REGION=eu-west-101");
    assert_string_equal(config.upstream, "https://apig.eu-west-101.myhuaweicloud.eu");
    config_clear(&config);
    given_refused("--upstream=https://h", "APIG_SIDECAR_REGION=cn-north-4",
                  "APIG_SIDECAR_REGION cn-north-4", "--upstream https://h");
}

static void the_upstream_has_no_slash_at_its_end(void **state)
{
    (void)state;
    struct config config;
    given_good(&config, "--upstream=https://h:8443/a/b//", "");
    assert_string_equal(config.upstream, "https://h:8443/a/b");
    config_clear(&config);
    given_refused("--upstream=http://h", "", "--upstream: \"http://h\"", "https://");
}

static void a_user_in_a_url_is_refused_and_not_shown(void **state)
{
    (void)state;
    static const char *const flags[] = {"--upstream=https://me:hush@h",
                                        "--upstream-proxy=http://me:hush@h:3128"};
    for (size_t i = 0; i < array_length(flags); i++) {
        struct config config;
        struct status status;
        assert_false(given_read(&config, flags[i], "", &status));
        assert_null(strstr(status.message, "hush"));
        config_clear(&config);
    }
}

static void the_default_deadline_is_not_above_the_maximum(void **state)
{
    (void)state;
    given_refused("--deadline=3m", "", "--deadline 3m", "--max-deadline 2m");
    given_refused("", "APIG_SIDECAR_MAX_DEADLINE=10s", "--deadline 30s",
                  "APIG_SIDECAR_MAX_DEADLINE 10s");
    struct config config;
    given_good(&config, "--deadline=2m", "");
    config_clear(&config);
}

static void the_admin_port_is_never_public(void **state)
{
    (void)state;
    static const char *const public[] = {"--admin=0.0.0.0:9091", "--admin=[::]:9091",
                                         "--admin=10.0.0.1:1", "--admin=example.com:1"};
    for (size_t i = 0; i < array_length(public); i++)
        given_refused(public[i], "", "--admin", "loopback");
    struct config config;
    given_good(&config, "--admin=unix:/run/admin --monitor=0.0.0.0:9090", "");
    config_clear(&config);
}

static void serving_needs_an_upstream_and_permission_to_be_public(void **state)
{
    (void)state;
    struct config config;
    struct status status;
    given_good(&config, "", "");
    assert_false(config_check_serve(&config, &status));
    assert_non_null(strstr(status.message, "--upstream"));
    config_clear(&config);
    given_good(&config, "--region=x --listen=127.0.0.1:1,0.0.0.0:2", "");
    assert_false(config_check_serve(&config, &status));
    assert_non_null(strstr(status.message, "0.0.0.0"));
    config_clear(&config);
    given_good(&config, "--region=x --listen=0.0.0.0:2 --allow-public-plaintext", "");
    assert_true(config_check_serve(&config, &status));
    config_clear(&config);
}

static void the_options_of_a_group_stand_together(void **state)
{
    (void)state;
    for (size_t i = 1; i < config_option_count; i++)
        for (size_t j = 0; j + 1 < i; j++)
            if (strcmp(config_options[i].group, config_options[j].group) == 0)
                assert_string_equal(config_options[i].group, config_options[i - 1].group);
}

static void every_option_has_a_name_and_a_member_of_its_own(void **state)
{
    (void)state;
    for (size_t i = 0; i < config_option_count; i++) {
        assert_true(strlen(config_options[i].name) + sizeof "APIG_SIDECAR_" <=
                    OPTION_SPELLED_BYTES);
        assert_true(config_options[i].least <= config_options[i].most);
        for (size_t j = 0; j < i; j++) {
            assert_string_not_equal(config_options[i].name, config_options[j].name);
            assert_true(config_options[i].member != config_options[j].member);
        }
    }
}

static void the_value_of_a_text_option_is_found_by_name(void **state)
{
    (void)state;
    struct config config;
    const char *value = "";
    given_good(&config, "--project-id=p", "");
    assert_true(config_find_text(&config, text_literal("project-id"), &value));
    assert_string_equal(value, "p");
    assert_true(config_find_text(&config, text_literal("instance-id"), &value));
    assert_null(value);
    assert_false(config_find_text(&config, text_literal("token-file"), &value));
    assert_false(config_find_text(&config, text_literal("no-such"), &value));
    config_clear(&config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_value_of_a_text_option_is_found_by_name),
        cmocka_unit_test(without_flags_and_variables_the_options_have_their_defaults),
        cmocka_unit_test(a_value_follows_its_flag_joined_or_apart),
        cmocka_unit_test(a_switch_can_be_turned_off),
        cmocka_unit_test(a_flag_wins_over_its_variable),
        cmocka_unit_test(the_last_of_the_same_flag_counts),
        cmocka_unit_test(an_empty_value_stands_for_the_default),
        cmocka_unit_test(listeners_add_up_within_flags_and_replace_those_of_the_variable),
        cmocka_unit_test(a_seventeenth_listener_is_refused),
        cmocka_unit_test(a_wrong_variable_is_named_as_a_variable),
        cmocka_unit_test(an_unknown_flag_is_refused_with_a_similar_one),
        cmocka_unit_test(an_unknown_flag_unlike_any_other_is_refused_without_a_suggestion),
        cmocka_unit_test(a_flag_does_not_take_the_next_flag_for_its_value),
        cmocka_unit_test(an_unknown_variable_is_refused_and_its_value_not_shown),
        cmocka_unit_test(variables_that_kubernetes_makes_of_a_service_are_left_alone),
        cmocka_unit_test(no_option_looks_like_a_variable_of_kubernetes),
        cmocka_unit_test(a_region_fills_in_the_upstream),
        cmocka_unit_test(the_upstream_has_no_slash_at_its_end),
        cmocka_unit_test(a_user_in_a_url_is_refused_and_not_shown),
        cmocka_unit_test(the_default_deadline_is_not_above_the_maximum),
        cmocka_unit_test(the_admin_port_is_never_public),
        cmocka_unit_test(serving_needs_an_upstream_and_permission_to_be_public),
        cmocka_unit_test(the_options_of_a_group_stand_together),
        cmocka_unit_test(every_option_has_a_name_and_a_member_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
