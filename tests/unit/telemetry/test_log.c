/* SPDX-License-Identifier: MIT */
/* Does every line arrive or count as lost, and does a slow reader stop no writer? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "log_capture.h"

#include "base/banned.h"

static void an_event_is_formatted_and_filtered_by_its_level(void **state)
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

/* The lines of each thread are in order, and none is lost or mixed with another. */
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

static void all_lines_of_several_threads_arrive_in_order(void **state)
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

/* Returns the number of calls that arrived, and adds to `suppressed` the number that the log
 * reports as left out. */
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

/* More is written than all buffers hold before it is read. */
static void a_reader_that_does_not_read_stops_no_writer_and_lost_lines_are_counted(void **state)
{
    (void)state;
    enum { LINES = 1000 };
    struct capture capture;
    pthread_t reader;
    void *text;
    uint64_t unwritten_before = log_unwritten(LOG_LOSS_SLOW_READER);
    capture_begin(&capture);
    log_open(LOG_INFO, LOG_JSON);
    write_large(LINES);
    pthread_create(&reader, NULL, read_all, &capture);
    log_close();
    restore_stderr(&capture);
    pthread_join(reader, &text);

    int suppressed = 0, arrived = count_arrived(text, &suppressed);
    assert_true(suppressed > 0);
    assert_int_equal(arrived + suppressed, LINES);
    assert_int_equal(log_unwritten(LOG_LOSS_SLOW_READER) - unwritten_before, suppressed);
    free(text);
}

/* In a process of its own, because the stuck thread stays until its end. */
static void closing_does_not_wait_for_a_reader_that_never_reads(void **state)
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

static void a_reader_that_has_gone_stops_no_writer(void **state)
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

/* Replaces stderr; -1 closes it. Returns the descriptor that it had. */
static int replace_stderr(int fd)
{
    int before = dup(STDERR_FILENO);
    close(STDERR_FILENO);
    if (fd >= 0 && dup2(fd, STDERR_FILENO) != STDERR_FILENO)
        fail();
    return before;
}

static void restore(int before)
{
    dup2(before, STDERR_FILENO);
    close(before);
}

/* A full disk, a reader that is gone, and no stderr at all. */
static void lines_that_cannot_be_written_are_counted(void **state)
{
    (void)state;
    int ends[2];
    signal(SIGPIPE, SIG_IGN);
    assert_int_equal(pipe(ends), 0);
    close(ends[0]);
    int bad[] = {open("/dev/full", O_WRONLY | O_CLOEXEC), ends[1], -1};
    for (size_t i = 0; i < array_length(bad); i++) {
        uint64_t lost_before = log_unwritten(LOG_LOSS_WRITE_FAILED);
        int before = replace_stderr(bad[i]);
        log_open(LOG_INFO, LOG_JSON);
        log_event(LOG_INFO, "lost", "in the log's thread");
        log_event(LOG_INFO, "lost", "in the log's thread");
        log_close();
        log_event(LOG_INFO, "lost", "without it");
        restore(before);
        assert_int_equal(log_unwritten(LOG_LOSS_WRITE_FAILED) - lost_before, 3);
    }
    close(bad[0]);
    close(bad[1]);
}

static void wait_lost(uint64_t lines)
{
    while (log_unwritten(LOG_LOSS_WRITE_FAILED) < lines)
        sched_yield();
}

/* The disk has room for half a line, and later for more. */
static void after_a_failure_a_line_begins_on_its_own_and_the_lost_ones_are_reported(void **state)
{
    (void)state;
    char path[] = "/tmp/log-XXXXXX", text[4096] = "";
    struct rlimit usual, small = {.rlim_cur = 20};
    int file = mkostemp(path, O_APPEND), before = replace_stderr(file);
    uint64_t lost_before = log_unwritten(LOG_LOSS_WRITE_FAILED);
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &usual);
    small.rlim_max = usual.rlim_max;
    setrlimit(RLIMIT_FSIZE, &small);
    log_open(LOG_INFO, LOG_TEXT);
    log_event(LOG_INFO, "lost", "a line of more than twenty bytes");
    wait_lost(lost_before + 1);
    setrlimit(RLIMIT_FSIZE, &usual);
    log_event(LOG_INFO, "written", "whole");
    log_close();
    restore(before);
    ssize_t got = pread(file, text, sizeof text - 1, 0);
    assert_true(got > 20 && text[20] == '\n');
    assert_non_null(strstr(text + 21, "written"));
    assert_non_null(strstr(text + 21, "warning suppressed lines="));
    close(file);
    unlink(path);
}

#define FLOOD 1000

/* After the first ten, one line a second is written; all others are counted. */
static void a_repeated_event_is_limited_and_the_rest_is_counted(void **state)
{
    (void)state;
    struct capture capture;
    int64_t began = clock_now_ns(), suppressed = 0;
    uint64_t unwritten_before = log_unwritten(LOG_LOSS_RATE_LIMIT);
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
    assert_int_equal(log_unwritten(LOG_LOSS_RATE_LIMIT) - unwritten_before, suppressed);
    free(text);
}

static void an_event_below_the_level_does_not_count_for_the_limit(void **state)
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_is_formatted_and_filtered_by_its_level),
        cmocka_unit_test(all_lines_of_several_threads_arrive_in_order),
        cmocka_unit_test(a_reader_that_does_not_read_stops_no_writer_and_lost_lines_are_counted),
        cmocka_unit_test(closing_does_not_wait_for_a_reader_that_never_reads),
        cmocka_unit_test(a_reader_that_has_gone_stops_no_writer),
        cmocka_unit_test(lines_that_cannot_be_written_are_counted),
        cmocka_unit_test(after_a_failure_a_line_begins_on_its_own_and_the_lost_ones_are_reported),
        cmocka_unit_test(a_repeated_event_is_limited_and_the_rest_is_counted),
        cmocka_unit_test(an_event_below_the_level_does_not_count_for_the_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
