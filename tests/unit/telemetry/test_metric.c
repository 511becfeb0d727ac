/* SPDX-License-Identifier: MIT */
/* Is everything counted, written as Prometheus reads it, and bounded whatever peers send? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "system/usage.h"
#include "telemetry/metric.h"
#include "telemetry/metric_cells.h"

#include "base/banned.h"

#define PAGE_BYTES (4U << 20)
#define SECOND CLOCK_NS_PER_S

static const char *const methods[] = {"a.B/C", "a.B/D"};
static const char *const versions[] = {"1 \"\\\n2"};
static const struct metric_values given[METRIC_LABEL_COUNT] = {
    [METRIC_LABEL_METHOD] = {methods, 2},
    [METRIC_LABEL_VERSION] = {versions, 1},
};

struct trial {
    struct metrics *metrics;
    struct arena arena;
    struct buffer page;
};

static int begin(void **state)
{
    struct trial *trial = calloc(1, sizeof *trial);
    assert_non_null(trial);
    trial->metrics = metrics_new(given);
    *state = trial;
    return 0;
}

static int end(void **state)
{
    struct trial *trial = *state;
    metrics_free(trial->metrics);
    arena_clear(&trial->arena);
    free(trial);
    return 0;
}

/* The page, terminated. */
static const char *page_of(struct trial *trial, enum metric_format format)
{
    arena_clear(&trial->arena);
    arena_init(&trial->arena, PAGE_BYTES);
    buffer_init(&trial->page, &trial->arena, 0);
    metrics_write(trial->metrics, format, &trial->page);
    buffer_add_char(&trial->page, '\0');
    assert_false(trial->page.full);
    return trial->page.at;
}

static void assert_told(struct trial *trial, enum metric_format format, const char *lines)
{
    const char *page = page_of(trial, format);
    if (!strstr(page, lines))
        fail_msg("not told: %s\nin:\n%s", lines, page);
}

static size_t count_of(const char *page, const char *word)
{
    size_t count = 0;
    for (const char *at = page; (at = strstr(at, word)); at += strlen(word))
        count++;
    return count;
}

static bool ends_with(const char *text, const char *end)
{
    size_t bytes = strlen(text), end_bytes = strlen(end);
    return bytes > end_bytes && strcmp(text + bytes - end_bytes, end) == 0;
}

static void every_metric_has_a_name_a_unit_and_help_as_the_conventions_say(void **state)
{
    (void)state;
    for (size_t i = 0; i < METRIC_COUNT; i++) {
        const struct metric_row *row = &metric_rows[i];
        char name[128];
        assert_non_null(row->name);
        assert_int_equal(strspn(row->name, "abcdefghijklmnopqrstuvwxyz_"), strlen(row->name));
        assert_int_equal(ends_with(row->name, "_total"), row->type == METRIC_COUNTER);
        snprintf(name, sizeof name, "%s%s", row->unit, row->type == METRIC_COUNTER ? "_total" : "");
        assert_true(ends_with(row->name, name));
        assert_true(ends_with(row->help, "."));
        assert_null(strpbrk(row->help, "\"\\\n"));
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(row->name, metric_rows[k].name);
    }
    for (size_t i = 0; i < METRIC_LABEL_COUNT; i++)
        assert_non_null(metric_label_rows[i].name);
}

static void counters_and_gauges_have_the_counted_values(void **state)
{
    struct trial *trial = *state;
    metric_count(trial->metrics, METRIC_CALLS, 1, 5);
    metric_add(trial->metrics, METRIC_CALLS, 1, 5, 2);
    metric_add(trial->metrics, METRIC_UPSTREAM_CONNECTIONS, 0, 0, 7);
    metric_add(trial->metrics, METRIC_UPSTREAM_CONNECTIONS, 0, 0, -3);
    metric_set(trial->metrics, METRIC_DRAINING, 0, 0, 1);
    assert_told(trial, METRIC_TEXT, "\n# TYPE rpc_server_calls_total counter\n");
    assert_told(
        trial, METRIC_TEXT,
        "\nrpc_server_calls_total{rpc_method=\"a.B/D\",rpc_response_status_code=\"NOT_FOUND\"} "
        "3\n");
    assert_told(
        trial, METRIC_TEXT,
        "\nrpc_server_calls_total{rpc_method=\"a.B/C\",rpc_response_status_code=\"OK\"} 0\n");
    assert_told(trial, METRIC_TEXT,
                "\n# TYPE apig_sidecar_upstream_connections gauge\napig_sidecar_upstream_"
                "connections 4\n");
    assert_told(trial, METRIC_TEXT, "\napig_sidecar_draining 1\n");
}

static void an_unknown_method_is_counted_as_other(void **state)
{
    struct trial *trial = *state;
    metric_count(trial->metrics, METRIC_CALLS, 2, 12);
    metric_count(trial->metrics, METRIC_CALLS, METRIC_OTHER, 12);
    assert_told(trial, METRIC_TEXT,
                "{rpc_method=\"_OTHER\",rpc_response_status_code=\"UNIMPLEMENTED\"} 2\n");
}

static void a_histogram_adds_its_buckets_up(void **state)
{
    struct trial *trial = *state;
    static const int64_t times[] = {0, SECOND / 1000, SECOND / 1000 + 1, SECOND, 31 * SECOND};
    for (size_t i = 0; i < array_length(times); i++)
        metric_observe(trial->metrics, METRIC_CALL_DURATION, 1, times[i]);
    static const char *const lines[] = {
        "_bucket{rpc_method=\"a.B/D\",le=\"0.001\"} 2\n",
        "_bucket{rpc_method=\"a.B/D\",le=\"0.0025\"} 3\n",
        "_bucket{rpc_method=\"a.B/D\",le=\"0.5\"} 3\n",
        "_bucket{rpc_method=\"a.B/D\",le=\"1.0\"} 4\n",
        "_bucket{rpc_method=\"a.B/D\",le=\"30.0\"} 4\n",
        "_bucket{rpc_method=\"a.B/D\",le=\"+Inf\"} 5\n",
        "_sum{rpc_method=\"a.B/D\"} 32.002000001\n",
        "_count{rpc_method=\"a.B/D\"} 5\n",
        "_count{rpc_method=\"a.B/C\"} 0\n",
    };
    for (size_t i = 0; i < array_length(lines); i++)
        assert_told(trial, METRIC_TEXT, lines[i]);
}

static void seconds_are_written_without_zeros_at_the_end(void **state)
{
    struct trial *trial = *state;
    static const struct {
        int64_t ns;
        const char *line;
    } rows[] = {{0, " 0\n"},
                {10 * SECOND, " 10\n"},
                {SECOND / 2, " 0.5\n"},
                {1, " 0.000000001\n"},
                {-61 * SECOND - SECOND / 2, " -61.5\n"},
                {-SECOND / 4, " -0.25\n"}};
    for (size_t i = 0; i < array_length(rows); i++) {
        char line[64];
        snprintf(line, sizeof line, "\nprocess_cpu_seconds_total%s", rows[i].line);
        metric_set(trial->metrics, METRIC_PROCESS_CPU, 0, 0, rows[i].ns);
        assert_told(trial, METRIC_TEXT, line);
    }
}

static void openmetrics_names_families_and_units_and_ends(void **state)
{
    struct trial *trial = *state;
    assert_told(trial, METRIC_OPENMETRICS,
                "\n# TYPE process_cpu_seconds counter\n# UNIT process_cpu_seconds seconds\n"
                "process_cpu_seconds_total 0\n");
    const char *page = page_of(trial, METRIC_OPENMETRICS);
    assert_true(ends_with(page, "\n# EOF\n"));
    page = page_of(trial, METRIC_TEXT);
    assert_null(strstr(page, "# EOF"));
    assert_null(strstr(page, "# UNIT"));
}

static void label_values_are_escaped(void **state)
{
    struct trial *trial = *state;
    assert_told(trial, METRIC_TEXT, "{version=\"1 \\\"\\\\\\n2\",revision=\"\"} 0\n");
}

static void count_seen(struct trial *trial, const char *status, const char *code)
{
    metric_count_seen(trial->metrics, METRIC_UPSTREAM_RESPONSES, text_of(status), text_of(code));
}

static void assert_seen(struct trial *trial, const char *status, const char *code, unsigned count)
{
    char line[512];
    snprintf(line, sizeof line,
             "\napig_sidecar_upstream_responses_total{http_response_status_code=\"%s\",vendor_code="
             "\"%s\"} %u\n",
             status, code, count);
    assert_told(trial, METRIC_TEXT, line);
}

static void a_value_that_peers_send_gets_a_row_when_it_is_first_seen(void **state)
{
    struct trial *trial = *state;
    assert_null(strstr(page_of(trial, METRIC_TEXT), "vendor_code"));
    count_seen(trial, "201", "");
    count_seen(trial, "400", "APIG.3201");
    count_seen(trial, "201", "");
    count_seen(trial, "400", "APIG.2011");
    assert_seen(trial, "201", "", 2);
    assert_seen(trial, "400", "APIG.3201", 1);
    assert_seen(trial, "400", "APIG.2011", 1);
}

static void a_flood_of_values_has_rows_for_the_first_ones_and_one_for_the_rest(void **state)
{
    struct trial *trial = *state;
    char status[16], code[16];
    count_seen(trial, "400", "APIG.3201");
    for (unsigned i = 0; i < 1000; i++) {
        snprintf(code, sizeof code, "X.%u", i);
        count_seen(trial, "400", code);
        count_seen(trial, "503", code);
        snprintf(status, sizeof status, "%u", i);
        count_seen(trial, status, "Y.1");
    }
    count_seen(trial, "400", "APIG.3201");
    assert_seen(trial, "400", "APIG.3201", 2);
    assert_seen(trial, "400", "X.0", 1);
    assert_non_null(strstr(page_of(trial, METRIC_TEXT), "{http_response_status_code=\"503\","
                                                        "vendor_code=\"_OTHER\"} 9"));
    assert_non_null(strstr(page_of(trial, METRIC_TEXT), "{http_response_status_code=\"_OTHER\","
                                                        "vendor_code=\"_OTHER\"} 9"));
    assert_int_equal(count_of(page_of(trial, METRIC_TEXT), "vendor_code="),
                     METRIC_SEEN_PAIRS + METRIC_SEEN_FIRSTS + 1);
}

static void a_value_that_is_long_or_no_text_is_one_of_the_others(void **state)
{
    struct trial *trial = *state;
    char longest[METRIC_VALUE_BYTES + 1] = "", longer[METRIC_VALUE_BYTES + 2] = "";
    memset(longest, 'a', METRIC_VALUE_BYTES);
    memset(longer, 'a', METRIC_VALUE_BYTES + 1);
    count_seen(trial, "400", longest);
    count_seen(trial, "400", longer);
    count_seen(trial, "400", "\xff");
    assert_seen(trial, "400", longest, 1);
    assert_seen(trial, "400", "_OTHER", 2);
}

static void one_seen_label_has_one_row_for_all_others(void **state)
{
    struct trial *trial = *state;
    char caller[16];
    metric_count_seen(trial->metrics, METRIC_CALLERS_DENIED, text_literal("\xff"), text_of(""));
    for (unsigned i = 0; i < 1000; i++) {
        snprintf(caller, sizeof caller, "uid=%u", i);
        metric_count_seen(trial->metrics, METRIC_CALLERS_DENIED, text_of(caller), text_of(""));
    }
    const char *page = page_of(trial, METRIC_TEXT);
    assert_int_equal(count_of(page, "denied_total{caller=\"_OTHER\"} "), 1);
    assert_true(count_of(page, "denied_total{caller=") <= METRIC_SEEN_ROWS);
}

static void *flood(void *context)
{
    struct trial *trial = context;
    char code[16];
    for (unsigned i = 0; i < 2000; i++) {
        snprintf(code, sizeof code, "X.%u", i % 80);
        count_seen(trial, "500", code);
        metric_count(trial->metrics, METRIC_CALLS, 0, 0);
        metric_observe(trial->metrics, METRIC_UPSTREAM_DURATION, 0, i);
    }
    return NULL;
}

static void counts_of_several_threads_are_neither_lost_nor_doubled(void **state)
{
    struct trial *trial = *state;
    pthread_t threads[4];
    for (size_t i = 0; i < array_length(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, flood, trial), 0);
    for (size_t i = 0; i < array_length(threads); i++)
        pthread_join(threads[i], NULL);
    assert_told(trial, METRIC_TEXT, "rpc_response_status_code=\"OK\"} 8000\n");
    assert_told(trial, METRIC_TEXT, "http_client_request_duration_seconds_count 8000\n");
    const char *page = page_of(trial, METRIC_TEXT);
    assert_int_equal(count_of(page, "vendor_code="), METRIC_SEEN_PAIRS + 1);
    assert_int_equal(count_of(page, "vendor_code=\"X.3\""), 1);
    assert_seen(trial, "500", "X.3", 100);
    assert_seen(trial, "500", "_OTHER", 16 * 100);
}

static void the_largest_page_is_bounded(void **state)
{
    struct trial *trial = *state;
    enum { LONG = 1000, MANY = 5000 };
    struct metric_values many[METRIC_LABEL_COUNT] = {[METRIC_LABEL_METHOD] = {.count = MANY}};
    const char *names[MANY];
    char name[LONG + 1] = "", value[METRIC_VALUE_BYTES + 1] = "", status[16];
    for (size_t bytes = 1; bytes <= LONG; bytes += bytes < 256 ? 17 : 743) {
        memset(name, 'm', bytes);
        for (size_t i = 0; i < MANY; i++)
            names[i] = name;
        many[METRIC_LABEL_METHOD].names = names;
        metrics_free(trial->metrics);
        trial->metrics = metrics_new(many);
        memset(value, '"', METRIC_VALUE_BYTES);
        for (unsigned i = 0; i < 1000; i++) {
            snprintf(status, sizeof status, "%u", i);
            count_seen(trial, status, value);
        }
        for (size_t i = 0; i < MANY; i++)
            metric_count(trial->metrics, METRIC_CALLS, i, 0);
        const char *page = page_of(trial, METRIC_OPENMETRICS);
        assert_true(strlen(page) < PAGE_BYTES / 4);
        assert_true(count_of(page, "rpc_response_status_code=\"OK\"") <= METRIC_METHODS + 1);
    }
}

static void without_metrics_nothing_is_counted(void **state)
{
    (void)state;
    metric_count(NULL, METRIC_CALLS, 0, 0);
    metric_set(NULL, METRIC_DRAINING, 0, 0, 1);
    metric_observe(NULL, METRIC_CALL_DURATION, 0, 1);
    metric_count_seen(NULL, METRIC_CALLERS_DENIED, text_literal("a"), text_literal(""));
    metrics_free(NULL);
}

static void a_process_knows_what_it_uses(void **state)
{
    (void)state;
    struct usage before, after;
    usage_read(&before);
    FILE *file = fopen("/dev/null", "r");
    usage_read(&after);
    assert_non_null(file);
    fclose(file);
    assert_int_equal(after.open_fds, before.open_fds + 1);
    assert_true(before.resident_bytes > 4096 && before.max_fds >= before.open_fds);
    assert_true(before.cpu_ns > 0 && after.cpu_ns >= before.cpu_ns);
}

int main(void)
{
#define TRIAL(test) cmocka_unit_test_setup_teardown(test, begin, end)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_metric_has_a_name_a_unit_and_help_as_the_conventions_say),
        TRIAL(counters_and_gauges_have_the_counted_values),
        TRIAL(an_unknown_method_is_counted_as_other),
        TRIAL(a_histogram_adds_its_buckets_up),
        TRIAL(seconds_are_written_without_zeros_at_the_end),
        TRIAL(openmetrics_names_families_and_units_and_ends),
        TRIAL(label_values_are_escaped),
        TRIAL(a_value_that_peers_send_gets_a_row_when_it_is_first_seen),
        TRIAL(a_flood_of_values_has_rows_for_the_first_ones_and_one_for_the_rest),
        TRIAL(a_value_that_is_long_or_no_text_is_one_of_the_others),
        TRIAL(one_seen_label_has_one_row_for_all_others),
        TRIAL(counts_of_several_threads_are_neither_lost_nor_doubled),
        TRIAL(the_largest_page_is_bounded),
        cmocka_unit_test(without_metrics_nothing_is_counted),
        cmocka_unit_test(a_process_knows_what_it_uses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
