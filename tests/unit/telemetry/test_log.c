/* SPDX-License-Identifier: MIT */
/* Is every line well-formed whatever its values, and does a log without a reader block no thread?
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/clock.h"
#include "telemetry/log.h"

#include "base/banned.h"

/* stderr goes into a pipe while a test writes, and comes back before it asserts. */
struct capture {
    int before, read_end;
};

static void capture_begin(struct capture *capture)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    capture->before = dup(STDERR_FILENO);
    capture->read_end = ends[0];
    assert_true(capture->before >= 0 && dup2(ends[1], STDERR_FILENO) == STDERR_FILENO);
    close(ends[1]);
}

static void give_back(struct capture *capture)
{
    dup2(capture->before, STDERR_FILENO);
    close(capture->before);
}

/* All that comes until the pipe has no writer any more; to be freed. */
static void *read_all(void *capture)
{
    int read_end = ((const struct capture *)capture)->read_end;
    size_t bytes = 0, room = 1 << 22;
    char *all = malloc(room);
    for (ssize_t got; (got = read(read_end, all + bytes, room - bytes - 1)) > 0;)
        bytes += (size_t)got;
    close(read_end);
    all[bytes] = '\0';
    return all;
}

static char *capture_end(struct capture *capture)
{
    give_back(capture);
    return read_all(capture);
}

/* The line as the object that it has to be. */
static json_t *parsed(const char *line)
{
    json_error_t error;
    json_t *object = json_loads(line, JSON_REJECT_DUPLICATES, &error);
    if (!object)
        fail_msg("%s: %s", error.text, line);
    return object;
}

static const char *string_of(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

static void finish(struct log_line *line)
{
    line->bytes[line->used] = '\0';
}

/* The line as log_end writes it. */
static char *written(struct log_line *line)
{
    struct capture capture;
    capture_begin(&capture);
    log_end(line);
    return capture_end(&capture);
}

static void a_line_has_time_level_event_and_members(void **state)
{
    (void)state;
    struct log_line line;
    log_begin(&line, LOG_WARNING, "call");
    log_text(&line, "method", text_literal("CreateApiGroup"));
    log_number(&line, "status", -7);
    log_number(&line, "least", INT64_MIN);
    log_milliseconds(&line, "total", 1234567890);
    log_milliseconds(&line, "none", -5);
    log_text(&line, "absent", (struct text){NULL, 0});
    char *text = written(&line);
    json_t *object = parsed(text);
    assert_int_equal(strlen(string_of(object, "time")), strlen("2026-01-31T12:34:56.789Z"));
    assert_string_equal(string_of(object, "level"), "warning");
    assert_string_equal(string_of(object, "event"), "call");
    assert_string_equal(string_of(object, "method"), "CreateApiGroup");
    assert_int_equal(json_integer_value(json_object_get(object, "status")), -7);
    assert_int_equal(json_integer_value(json_object_get(object, "least")), INT64_MIN);
    assert_non_null(strstr(text, "\"total\":1234.567,"));
    assert_non_null(strstr(text, "\"none\":0.000}"));
    assert_null(json_object_get(object, "absent"));
    assert_int_equal(text[strlen(text) - 1], '\n');
    json_decref(object);
    free(text);
}

static void every_byte_of_a_value_is_written_as_json_says(void **state)
{
    (void)state;
    char value[128];
    for (int byte = 0; byte < 128; byte++)
        value[byte] = (char)byte;
    struct log_line line;
    log_begin(&line, LOG_INFO, "call");
    log_text(&line, "value", (struct text){value, sizeof value});
    log_text(&line, "wide", text_literal("\xe4\xbd\xa0\xf0\x9f\x98\x80"));
    log_text(&line, "broken", text_literal("a\xff\xc3\xa9\xe4\xbd"));
    char *text = written(&line);
    json_error_t error;
    json_t *object = json_loads(text, JSON_ALLOW_NUL, &error);
    assert_non_null(object);
    const json_t *read = json_object_get(object, "value");
    assert_int_equal(json_string_length(read), sizeof value);
    assert_memory_equal(json_string_value(read), value, sizeof value);
    assert_string_equal(string_of(object, "wide"), "\xe4\xbd\xa0\xf0\x9f\x98\x80");
    assert_string_equal(string_of(object, "broken"),
                        "a\xef\xbf\xbd\xc3\xa9\xef\xbf\xbd\xef\xbf\xbd");
    assert_null(memchr(text, '\n', strlen(text) - 1));
    json_decref(object);
    free(text);
}

/* Values of each length up to beyond the line's, made of what is cut in different ways. */
static void a_line_that_is_cut_stays_well_formed(void **state)
{
    (void)state;
    static const char *const pieces[] = {"a", "\xf0\x9f\x98\x80", "\"", "\x01", "\xc3\xa9\n"};
    for (size_t i = 0; i < array_length(pieces); i++)
        for (size_t bytes = LOG_LINE_BYTES / 8; bytes < LOG_LINE_BYTES + 64; bytes++) {
            char value[LOG_LINE_BYTES + 128];
            size_t piece = strlen(pieces[i]), used = 0;
            for (; used + piece <= bytes; used += piece)
                memcpy(value + used, pieces[i], piece);
            struct log_line line;
            log_begin(&line, LOG_INFO, "call");
            log_text(&line, "value", (struct text){value, used});
            log_text(&line, "more", text_literal("and more"));
            log_number(&line, "number", INT64_MIN);
            log_milliseconds(&line, "duration", INT64_MAX);
            assert_true(line.used < LOG_LINE_BYTES - 2);
            line.bytes[line.used++] = '}';
            finish(&line);
            json_decref(parsed(line.bytes));
        }
}

static void members_that_do_not_fit_are_left_out_whole(void **state)
{
    (void)state;
    struct log_line line;
    log_begin(&line, LOG_INFO, "call");
    for (int i = 0; i < 1000; i++) {
        log_number(&line, "n", INT64_MIN);
        log_text(&line, "t", text_literal("0123456789"));
        log_milliseconds(&line, "d", INT64_MAX);
    }
    assert_true(line.used < LOG_LINE_BYTES - 2);
    line.bytes[line.used++] = '}';
    finish(&line);
    json_error_t error;
    json_t *object = json_loads(line.bytes, 0, &error);
    assert_non_null(object);
    json_decref(object);
}

static void events_are_formatted_and_filtered_by_level(void **state)
{
    (void)state;
    struct capture capture;
    capture_begin(&capture);
    log_set_level(LOG_WARNING);
    log_event(LOG_INFO, "hidden", "%d", 1);
    log_event(LOG_ERROR, "shown", "number %d", 7);
    bool quiet = !log_enabled(LOG_INFO) && log_enabled(LOG_WARNING);
    log_set_level(LOG_INFO);
    char *text = capture_end(&capture);
    assert_true(quiet);
    json_t *object = parsed(text);
    assert_string_equal(string_of(object, "event"), "shown");
    assert_string_equal(string_of(object, "message"), "number 7");
    json_decref(object);
    free(text);
}

static void text_for_people_is_one_line_without_braces(void **state)
{
    (void)state;
    struct capture capture;
    capture_begin(&capture);
    log_open(LOG_INFO, LOG_TEXT);
    struct log_line line;
    log_begin(&line, LOG_INFO, "call");
    log_text(&line, "name", text_literal("a\nb"));
    log_number(&line, "number", 5);
    log_end(&line);
    log_close();
    char *text = capture_end(&capture);
    assert_string_equal(text + strlen("2026-01-31T12:34:56.789Z"),
                        " info call name=\"a\\u000ab\" number=5\n");
    free(text);
}

#define WRITERS 4
#define LINES_EACH 100

static void *write_numbered(void *writer)
{
    for (int i = 0; i < LINES_EACH; i++) {
        struct log_line line;
        log_begin(&line, LOG_INFO, "call");
        log_number(&line, "writer", *(const int *)writer);
        log_number(&line, "number", i);
        log_end(&line);
    }
    return NULL;
}

/* Each thread's lines in their order; none lost, none mixed with another's. */
static void check_numbered(char *text)
{
    int next[WRITERS] = {0};
    char *rest = text;
    for (char *line; (line = strsep(&rest, "\n")) && *line;) {
        json_t *object = parsed(line);
        json_int_t writer = json_integer_value(json_object_get(object, "writer"));
        assert_in_range(writer, 0, WRITERS - 1);
        assert_int_equal(json_integer_value(json_object_get(object, "number")), next[writer]);
        next[writer]++;
        json_decref(object);
    }
    for (int i = 0; i < WRITERS; i++)
        assert_int_equal(next[i], LINES_EACH);
}

static void lines_of_several_threads_all_arrive_in_order(void **state)
{
    (void)state;
    struct capture capture;
    pthread_t threads[WRITERS];
    int numbers[WRITERS];
    capture_begin(&capture);
    assert_true(fcntl(capture.read_end, F_SETPIPE_SZ, 1 << 18) > 0);
    log_open(LOG_INFO, LOG_JSON);
    for (int i = 0; i < WRITERS; i++) {
        numbers[i] = i;
        pthread_create(&threads[i], NULL, write_numbered, &numbers[i]);
    }
    for (int i = 0; i < WRITERS; i++)
        pthread_join(threads[i], NULL);
    log_close();
    char *text = capture_end(&capture);
    check_numbered(text);
    free(text);
}

static void write_large(int lines)
{
    char value[1500];
    memset(value, 'v', sizeof value);
    for (int i = 0; i < lines; i++) {
        struct log_line line;
        log_begin(&line, LOG_INFO, "call");
        log_text(&line, "value", (struct text){value, sizeof value});
        log_end(&line);
    }
}

/* How many calls arrived; to `suppressed` is added how many the log says it left out. */
static int count_arrived(char *text, int *suppressed)
{
    int arrived = 0;
    char *rest = text;
    for (char *line; (line = strsep(&rest, "\n")) && *line;) {
        json_t *object = parsed(line);
        bool is_call = strcmp(string_of(object, "event"), "call") == 0;
        arrived += is_call;
        if (!is_call)
            *suppressed += (int)json_integer_value(json_object_get(object, "lines"));
        json_decref(object);
    }
    return arrived;
}

/* Far more is written than waits anywhere before somebody reads: the writer goes on, and what was
 * left out is counted. */
static void a_reader_that_stops_stops_nobody_and_lost_lines_are_counted(void **state)
{
    (void)state;
    enum { LINES = 1000 };
    struct capture capture;
    pthread_t reader;
    void *text;
    uint64_t unwritten_before = log_unwritten();
    capture_begin(&capture);
    log_open(LOG_INFO, LOG_JSON);
    write_large(LINES);
    pthread_create(&reader, NULL, read_all, &capture);
    log_close();
    give_back(&capture);
    pthread_join(reader, &text);

    int suppressed = 0, arrived = count_arrived(text, &suppressed);
    assert_true(suppressed > 0);
    assert_int_equal(arrived + suppressed, LINES);
    assert_int_equal(log_unwritten() - unwritten_before, suppressed);
    free(text);
}

/* In a process of its own, since the thread that is stuck stays to its end. */
static void closing_gives_up_on_a_reader_that_never_comes_back(void **state)
{
    (void)state;
    struct capture capture;
    capture_begin(&capture);
    pid_t child = fork();
    if (child == 0) {
        alarm(30);
        log_open(LOG_INFO, LOG_JSON);
        for (int i = 0; i < 10000; i++)
            log_event(LOG_INFO, "unread", "%d", i);
        log_close();
        _exit(0);
    }
    int ended = -1;
    waitpid(child, &ended, 0);
    free(capture_end(&capture));
    assert_true(WIFEXITED(ended) && WEXITSTATUS(ended) == 0);
}

static void a_reader_that_has_gone_stops_nobody(void **state)
{
    (void)state;
    struct capture capture;
    signal(SIGPIPE, SIG_IGN);
    capture_begin(&capture);
    close(capture.read_end);
    log_open(LOG_INFO, LOG_JSON);
    log_event(LOG_INFO, "unread", "1");
    log_close();
    log_event(LOG_INFO, "unread", "2");
    dup2(capture.before, STDERR_FILENO);
    close(capture.before);
}

#define FLOOD 1000

/* Beyond the first ten, as many as seconds have passed are written; nothing is lost from the count.
 */
static void a_repeated_event_is_written_at_a_limited_rate_and_the_rest_is_counted(void **state)
{
    (void)state;
    struct capture capture;
    int64_t began = clock_now_ns(), suppressed = 0;
    uint64_t unwritten_before = log_unwritten();
    int written = 0;
    capture_begin(&capture);
    log_open(LOG_INFO, LOG_JSON);
    for (int i = 0; i < FLOOD; i++)
        log_event_repeat(LOG_WARNING, LOG_REPEAT_CORE, "number %d", i);
    log_close();
    char *text = capture_end(&capture), *rest = text;
    int64_t seconds = (clock_now_ns() - began) / CLOCK_NS_PER_S;
    for (char *line; (line = strsep(&rest, "\n")) && *line;) {
        json_t *object = parsed(line);
        assert_string_equal(string_of(object, "event"), "gRPC core");
        suppressed += json_integer_value(json_object_get(object, "suppressed"));
        written += string_of(object, "message") != NULL;
        json_decref(object);
    }
    assert_in_range(written, 10, 11 + seconds);
    assert_int_equal(written + suppressed, FLOOD);
    assert_int_equal(log_unwritten() - unwritten_before, suppressed);
    free(text);
}

/* A line that its level suppresses does not use up the rate limit. */
static void a_level_that_is_off_uses_nothing_up(void **state)
{
    (void)state;
    struct log_line line;
    log_set_level(LOG_ERROR);
    for (int i = 0; i < FLOOD; i++)
        assert_false(log_begin_repeat(&line, LOG_WARNING, LOG_REPEAT_RESPONSE_MEMBER));
    log_set_level(LOG_INFO);
    assert_true(log_begin_repeat(&line, LOG_WARNING, LOG_REPEAT_RESPONSE_MEMBER));
    line.bytes[line.used] = '\0';
    assert_null(strstr(line.bytes, "suppressed"));
}

static void the_words_of_levels_are_read(void **state)
{
    (void)state;
    enum log_level level = LOG_INFO;
    assert_true(log_level_parse(text_literal("debug"), &level) && level == LOG_DEBUG);
    assert_true(log_level_parse(text_literal("error"), &level) && level == LOG_ERROR);
    assert_false(log_level_parse(text_literal("Error"), &level));
    assert_false(log_level_parse(text_literal(""), &level));
    assert_int_equal(level, LOG_ERROR);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_has_time_level_event_and_members),
        cmocka_unit_test(every_byte_of_a_value_is_written_as_json_says),
        cmocka_unit_test(a_line_that_is_cut_stays_well_formed),
        cmocka_unit_test(members_that_do_not_fit_are_left_out_whole),
        cmocka_unit_test(events_are_formatted_and_filtered_by_level),
        cmocka_unit_test(text_for_people_is_one_line_without_braces),
        cmocka_unit_test(lines_of_several_threads_all_arrive_in_order),
        cmocka_unit_test(a_reader_that_stops_stops_nobody_and_lost_lines_are_counted),
        cmocka_unit_test(closing_gives_up_on_a_reader_that_never_comes_back),
        cmocka_unit_test(a_reader_that_has_gone_stops_nobody),
        cmocka_unit_test(a_repeated_event_is_written_at_a_limited_rate_and_the_rest_is_counted),
        cmocka_unit_test(a_level_that_is_off_uses_nothing_up),
        cmocka_unit_test(the_words_of_levels_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
