/* SPDX-License-Identifier: MIT */
#include "json/forms.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include <cmocka.h>

#include "sets.h"

static struct sets sets;

static const struct schema_message *known(const char *name)
{
    char full[64];
    snprintf(full, sizeof full, "google.protobuf.%s", name);
    const struct schema_message *type = message_type(sets.schema, text_of(full));
    assert_non_null(type);
    return type;
}

static bool read_form(const char *name, const char *text, struct arena *arena,
                      ProtobufCMessage **message)
{
    static const struct json_limits limits;
    struct json_source source;
    struct status status;
    const struct schema_message *type = known(name);
    *message = schema_message_new(type, arena);
    json_source_init(&source, text_of(text), &limits, arena, &status);
    return json_form_read(type, text_of(text), *message, &source);
}

static int64_t seconds_of(const ProtobufCMessage *message, const char *name)
{
    return *(int64_t *)schema_value(message, schema_field_by_number(known(name), 1));
}

static int32_t nanos_of(const ProtobufCMessage *message, const char *name)
{
    return *(int32_t *)schema_value(message, schema_field_by_number(known(name), 2));
}

static void assert_form(const char *name, const ProtobufCMessage *message, struct arena *arena,
                        const char *wanted)
{
    struct buffer out;
    struct status status;
    buffer_init(&out, arena, 0);
    assert_true(json_form_write(known(name), message, &out, &status));
    if (!text_equal(buffer_text(&out), text_of(wanted)))
        fail_msg("%.*s is not %s", text_arguments(buffer_text(&out)), wanted);
}

struct form {
    const char *text;
    int64_t seconds;
    int32_t nanos;
    const char *written; /* NULL: the same text */
};

static void must_have_forms(const char *name, const struct form *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct arena arena;
        ProtobufCMessage *message;
        arena_init(&arena, 65536);
        if (!read_form(name, rows[i].text, &arena, &message))
            fail_msg("%s is not read", rows[i].text);
        assert_true(seconds_of(message, name) == rows[i].seconds);
        assert_int_equal(nanos_of(message, name), rows[i].nanos);
        assert_form(name, message, &arena, rows[i].written ? rows[i].written : rows[i].text);
        arena_clear(&arena);
    }
}

static void must_not_be_read(const char *name, const char *const *texts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct arena arena;
        ProtobufCMessage *message;
        arena_init(&arena, 65536);
        if (read_form(name, texts[i], &arena, &message))
            fail_msg("%s is read", texts[i]);
        arena_clear(&arena);
    }
}

static void timestamps_are_read_and_written(void **state)
{
    (void)state;
    static const struct form rows[] = {
        {"1970-01-01T00:00:00Z", 0, 0, NULL},
        {"2020-07-31T06:55:55.383169299Z", 1596178555, 383169299, NULL},
        {"0001-01-01T00:00:00Z", -62135596800, 0, NULL},
        {"9999-12-31T23:59:59.999999999Z", 253402300799, 999999999, NULL},
        {"2000-02-29T00:00:00.010Z", 951782400, 10000000, NULL},
        {"1969-12-31T23:59:59.000001Z", -1, 1000, NULL},
        {"1970-01-01T01:00:00.1+01:00", 0, 100000000, "1970-01-01T00:00:00.100Z"},
        {"1969-12-31T20:30:00-03:30", 0, 0, "1970-01-01T00:00:00Z"},
    };
    must_have_forms("Timestamp", rows, array_length(rows));
}

static void a_malformed_timestamp_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "1970-01-01",
        "1970-01-01T00:00:00",
        "1970-01-01 00:00:00Z",
        "1970-01-01t00:00:00Z",
        "1970-01-01T00:00:00z",
        "0000-01-01T00:00:00Z",
        "1970-00-01T00:00:00Z",
        "1970-13-01T00:00:00Z",
        "1970-01-00T00:00:00Z",
        "1970-01-32T00:00:00Z",
        "1900-02-29T00:00:00Z",
        "2023-02-29T00:00:00Z",
        "1970-04-31T00:00:00Z",
        "1970-01-01T24:00:00Z",
        "1970-01-01T00:60:00Z",
        "1970-01-01T00:00:60Z",
        "1970-01-01T00:00:00.Z",
        "1970-01-01T00:00:00.1234567890Z",
        "1970-01-01T00:00:00+0100",
        "1970-01-01T00:00:00+24:00",
        "1970-01-01T00:00:00Z ",
        "10000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+00:01",
        "0000-12-31T23:59:59-00:01",
        "9999-12-31T24:00:00Z",
        "9999-12-31T23:59:60Z",
        "9999-12-31T23:59:59-00:01",
        "2020-07-31T06:55:55Z.866474185Z",
        "-001-01-01T00:00:00Z",
        "1970-1-01T00:00:00Z",
    };
    must_not_be_read("Timestamp", texts, array_length(texts));
}

static void days_agree_with_the_c_library(void **state)
{
    (void)state;
    const int64_t first = -62135596800, last = 253402300799, step = 86400 * 13 + 12345;
    for (int64_t seconds = first; seconds <= last; seconds += step) {
        char text[64];
        struct tm day;
        struct arena arena;
        ProtobufCMessage *message;
        time_t time = seconds;
        assert_non_null(gmtime_r(&time, &day));
        size_t bytes = strftime(text + 4, sizeof text - 4, "-%m-%dT%H:%M:%SZ", &day);
        assert_true(bytes > 0);
        for (int i = 3, year = day.tm_year + 1900; i >= 0; i--, year /= 10)
            text[i] = (char)('0' + year % 10);
        arena_init(&arena, 65536);
        assert_true(read_form("Timestamp", text, &arena, &message));
        assert_true(seconds_of(message, "Timestamp") == seconds);
        assert_form("Timestamp", message, &arena, text);
        arena_clear(&arena);
    }
}

static void durations_are_read_and_written(void **state)
{
    (void)state;
    static const struct form rows[] = {
        {"0s", 0, 0, NULL},
        {"1s", 1, 0, NULL},
        {"-0.000000001s", 0, -1, NULL},
        {"1.5s", 1, 500000000, "1.500s"},
        {"-315576000000.999999999s", -315576000000, -999999999, NULL},
        {"0.000001s", 0, 1000, NULL},
    };
    must_have_forms("Duration", rows, array_length(rows));
}

static void a_malformed_duration_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {"",
                                        "s",
                                        "1",
                                        "1 s",
                                        "+1s",
                                        ".5s",
                                        "1.s",
                                        "--1s",
                                        "1s ",
                                        "1.5m",
                                        "1e2s",
                                        "0x1s",
                                        "1.0000000001s",
                                        "315576000001s",
                                        "99999999999999999999s"};
    must_not_be_read("Duration", texts, array_length(texts));
}

static void masks_are_read_and_written(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "a", "fooBar", "fooBar.bazQux,b", "a.b.c,d"};
    for (size_t i = 0; i < array_length(texts); i++) {
        struct arena arena;
        ProtobufCMessage *message;
        arena_init(&arena, 65536);
        assert_true(read_form("FieldMask", texts[i], &arena, &message));
        assert_form("FieldMask", message, &arena, texts[i]);
        arena_clear(&arena);
    }
    static const char *const bad[] = {"foo_bar", ",", "a,", ",a", "a,,b"};
    must_not_be_read("FieldMask", bad, array_length(bad));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(timestamps_are_read_and_written),
        cmocka_unit_test(a_malformed_timestamp_is_refused),
        cmocka_unit_test(days_agree_with_the_c_library),
        cmocka_unit_test(durations_are_read_and_written),
        cmocka_unit_test(a_malformed_duration_is_refused),
        cmocka_unit_test(masks_are_read_and_written),
    };
    sets = sets_load("protos/types.binpb");
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    sets_clear(&sets);
    return failed;
}
