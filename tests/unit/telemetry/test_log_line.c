/* SPDX-License-Identifier: MIT */
/* Is every line well-formed, whatever its values are? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "log_capture.h"

#include "base/banned.h"

static void finish(struct log_line *line)
{
    line->bytes[line->used] = '\0';
}

/* Returns the line as log_end writes it. */
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

static void every_byte_of_a_value_is_escaped_as_json_requires(void **state)
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

/* Values of each length, some longer than a line, made of pieces that are cut in different ways. */
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

static void a_member_that_does_not_fit_is_left_out_as_a_whole(void **state)
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

static void a_text_line_has_no_braces(void **state)
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

static void the_names_of_levels_are_parsed(void **state)
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
        cmocka_unit_test(every_byte_of_a_value_is_escaped_as_json_requires),
        cmocka_unit_test(a_line_that_is_cut_stays_well_formed),
        cmocka_unit_test(a_member_that_does_not_fit_is_left_out_as_a_whole),
        cmocka_unit_test(a_text_line_has_no_braces),
        cmocka_unit_test(the_names_of_levels_are_parsed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
