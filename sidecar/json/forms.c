/* SPDX-License-Identifier: MIT */
#include "json/forms.h"

#include <stdint.h>
#include <time.h>

#include "base/ascii.h"
#include "base/date.h"

#include "base/banned.h"

/* google/protobuf/timestamp.proto: the years 1 to 9999. */
#define FIRST_SECOND INT64_C(-62135596800)
#define LAST_SECOND INT64_C(253402300799)

/* google/protobuf/duration.proto: about ten thousand years. */
#define LONGEST_DURATION INT64_C(315576000000)

#define NANOS 1000000000

/* Both types have seconds and nanos as fields 1 and 2. */
static int64_t *seconds_of(const struct schema_message *type, const ProtobufCMessage *message)
{
    return schema_value(message, schema_field_by_number(type, 1));
}

static int32_t *nanos_of(const struct schema_message *type, const ProtobufCMessage *message)
{
    return schema_value(message, schema_field_by_number(type, 2));
}

static void add_digits(struct buffer *out, int64_t number, int digits)
{
    char text[10];
    for (int i = digits - 1; i >= 0; i--, number /= 10)
        text[i] = (char)('0' + number % 10);
    buffer_add(out, text, (size_t)digits);
}

/* Writes nothing, or a point and three, six or nine digits. */
static void add_fraction(struct buffer *out, int32_t nanos)
{
    if (nanos == 0)
        return;
    int digits = nanos % 1000000 == 0 ? 3 : nanos % 1000 == 0 ? 6 : 9;
    buffer_add_char(out, '.');
    add_digits(out, nanos / (digits == 3 ? 1000000 : digits == 6 ? 1000 : 1), digits);
}

static bool write_timestamp(const struct schema_message *type, const ProtobufCMessage *message,
                            struct buffer *out, struct status *status)
{
    int64_t seconds = *seconds_of(type, message);
    int32_t nanos = *nanos_of(type, message);
    if (seconds < FIRST_SECOND || seconds > LAST_SECOND || nanos < 0 || nanos >= NANOS)
        return status_fail(status, STATUS_INVALID_ARGUMENT,
                           "the timestamp is not between the years 1 and 9999");
    char date[DATE_BYTES];
    date_write(date, seconds);
    buffer_add(out, date, DATE_SIZE);
    add_fraction(out, nanos);
    buffer_add_char(out, 'Z');
    return true;
}

static bool write_duration(const struct schema_message *type, const ProtobufCMessage *message,
                           struct buffer *out, struct status *status)
{
    int64_t seconds = *seconds_of(type, message);
    int32_t nanos = *nanos_of(type, message);
    bool mixed = (seconds < 0 && nanos > 0) || (seconds > 0 && nanos < 0);
    if (seconds < -LONGEST_DURATION || seconds > LONGEST_DURATION || nanos <= -NANOS ||
        nanos >= NANOS || mixed)
        return status_fail(status, STATUS_INVALID_ARGUMENT,
                           "the duration is out of range or has parts of two signs");
    if (seconds < 0 || nanos < 0)
        buffer_add_char(out, '-');
    buffer_add_u64(out, (uint64_t)(seconds < 0 ? -seconds : seconds));
    add_fraction(out, nanos < 0 ? -nanos : nanos);
    buffer_add_char(out, 's');
    return true;
}

/* Writes "foo_bar.baz" as "fooBar.baz". A path that cannot be converted back is refused. */
static bool add_camel(struct text path, struct buffer *out, struct status *status)
{
    for (size_t i = 0; i < path.size; i++) {
        char c = path.data[i], next = i + 1 < path.size ? path.data[i + 1] : '\0';
        if (ascii_is_upper(c) || (c == '_' && !ascii_is_lower(next)))
            return status_fail(status, STATUS_INVALID_ARGUMENT,
                               "the field mask's path \"%.*s\" has no JSON form",
                               text_arguments(path));
        buffer_add_char(out, c == '_' ? ascii_to_upper(path.data[++i]) : c);
    }
    return true;
}

static bool write_mask(const struct schema_message *type, const ProtobufCMessage *message,
                       struct buffer *out, struct status *status)
{
    const struct schema_field *field = schema_field_by_number(type, 1);
    const ProtobufCBinaryData *paths = *(ProtobufCBinaryData *const *)schema_value(message, field);
    for (size_t i = 0; i < schema_count(message, field); i++) {
        if (i > 0)
            buffer_add_char(out, ',');
        if (!add_camel(schema_text(&paths[i]), out, status))
            return false;
    }
    return true;
}

/* Takes a number of exactly `digits` digits. */
static bool take_digits(struct text *text, size_t digits, int *number)
{
    struct text rest = *text, taken;
    uint64_t read;
    if (!text_take_size(&rest, digits, &taken) || !text_to_u64(taken, &read))
        return false;
    *text = rest;
    *number = (int)read;
    return true;
}

/* Takes a point and one to nine digits, or nothing. */
static bool take_fraction(struct text *text, int32_t *nanos)
{
    int32_t read = 0, unit = NANOS / 10;
    if (!text_take(text, '.'))
        return true;
    size_t digits = 0;
    for (int digit; unit > 0 && take_digits(text, 1, &digit); unit /= 10, digits++)
        read += digit * unit;
    *nanos = read;
    return digits > 0;
}

/* Takes "Z" or "+08:00". */
static bool take_zone(struct text *text, int64_t *seconds)
{
    int hours, minutes;
    if (text_take(text, 'Z'))
        return true;
    int sign = text_take(text, '-') ? 1 : text_take(text, '+') ? -1 : 0;
    if (sign == 0 || !take_digits(text, 2, &hours) || !text_take(text, ':') ||
        !take_digits(text, 2, &minutes) || hours > 23 || minutes > 59)
        return false;
    *seconds += sign * (hours * 3600 + minutes * 60);
    return true;
}

/* Takes a number and the character behind it. */
static bool take_part(struct text *text, size_t digits, char separator, int *number)
{
    return take_digits(text, digits, number) && text_take(text, separator);
}

/* Takes "1970-01-31T23:59:59" without a check of the ranges of the numbers. */
static bool take_calendar_time(struct text *text, struct tm *utc)
{
    struct tm read = {0};
    if (!take_part(text, 4, '-', &read.tm_year) || !take_part(text, 2, '-', &read.tm_mon) ||
        !take_part(text, 2, 'T', &read.tm_mday) || !take_part(text, 2, ':', &read.tm_hour) ||
        !take_part(text, 2, ':', &read.tm_min) || !take_digits(text, 2, &read.tm_sec))
        return false;
    read.tm_year -= 1900;
    read.tm_mon -= 1;
    *utc = read;
    return true;
}

/* Returns false for a time that the calendar does not have. timegm changes such a time into another
 * one: 30 February into 2 March, 24:00 into 00:00 of the next day. */
static bool to_seconds(const struct tm *utc, int64_t *seconds)
{
    struct tm real = *utc;
    *seconds = timegm(&real);
    return real.tm_mon == utc->tm_mon && real.tm_mday == utc->tm_mday &&
           real.tm_hour == utc->tm_hour && real.tm_min == utc->tm_min && real.tm_sec == utc->tm_sec;
}

bool json_form_timestamp(struct text text, int64_t *seconds, int32_t *nanos)
{
    struct tm utc;
    int64_t moment;
    int32_t fraction = 0;
    if (!take_calendar_time(&text, &utc) || !to_seconds(&utc, &moment) || moment < FIRST_SECOND ||
        !take_fraction(&text, &fraction) || !take_zone(&text, &moment) || text.size > 0 ||
        moment < FIRST_SECOND || moment > LAST_SECOND)
        return false;
    *seconds = moment;
    *nanos = fraction;
    return true;
}

static bool parse_duration(struct text text, int64_t *seconds, int32_t *nanos)
{
    bool negative = text_take(&text, '-');
    uint64_t whole;
    if (!text_to_u64(text_take_while(&text, ascii_is_digit), &whole) ||
        whole > (uint64_t)LONGEST_DURATION)
        return false;
    if (!take_fraction(&text, nanos) || !text_take(&text, 's') || text.size > 0)
        return false;
    *seconds = negative ? -(int64_t)whole : (int64_t)whole;
    *nanos = negative ? -*nanos : *nanos;
    return true;
}

static bool read_time(const struct schema_message *type, struct text text,
                      ProtobufCMessage *message,
                      bool (*parse)(struct text text, int64_t *seconds, int32_t *nanos))
{
    int64_t seconds;
    int32_t nanos = 0;
    if (!parse(text, &seconds, &nanos))
        return false;
    *seconds_of(type, message) = seconds;
    *nanos_of(type, message) = nanos;
    return true;
}

/* Writes "fooBar.baz" as "foo_bar.baz". */
static bool add_snake(struct text path, struct buffer *out)
{
    for (size_t i = 0; i < path.size; i++) {
        char c = path.data[i];
        if (c == '_')
            return false;
        if (ascii_is_upper(c))
            buffer_add_char(out, '_');
        buffer_add_char(out, ascii_to_lower(c));
    }
    return true;
}

static bool mismatch(const struct schema_message *type, struct json_source *source)
{
    return status_fail(source->status, STATUS_INVALID_ARGUMENT, "the text is not a %.*s",
                       text_arguments(type->full_name));
}

static bool read_path(const struct schema_message *type, struct text path,
                      ProtobufCMessage *message, struct json_source *source)
{
    const struct schema_field *field = schema_field_by_number(type, 1);
    ProtobufCBinaryData *place = schema_reserve(message, field, 1, source->arena);
    struct buffer snake;
    buffer_init(&snake, source->arena, path.size * 2);
    if (path.size == 0 || !add_snake(path, &snake))
        return mismatch(type, source);
    if (!place || snake.full)
        return json_no_memory(source);
    *place = (ProtobufCBinaryData){snake.bytes, (uint8_t *)snake.at};
    schema_add_count(message, field, 1);
    return true;
}

/* Reads "a,fooBar.baz", or nothing. */
static bool read_mask(const struct schema_message *type, struct text text,
                      ProtobufCMessage *message, struct json_source *source)
{
    for (bool more = text.size > 0; more;) {
        struct text path;
        more = text_take_part(&text, ',', &path);
        if (!read_path(type, path, message, source))
            return false;
    }
    return true;
}

bool json_form_write(const struct schema_message *type, const ProtobufCMessage *message,
                     struct buffer *out, struct status *status)
{
    if (type->well_known == WELL_KNOWN_TIMESTAMP)
        return write_timestamp(type, message, out, status);
    if (type->well_known == WELL_KNOWN_DURATION)
        return write_duration(type, message, out, status);
    return write_mask(type, message, out, status);
}

bool json_form_read(const struct schema_message *type, struct text text, ProtobufCMessage *message,
                    struct json_source *source)
{
    if (type->well_known == WELL_KNOWN_FIELD_MASK)
        return read_mask(type, text, message, source);
    return read_time(type, text, message,
                     type->well_known == WELL_KNOWN_TIMESTAMP ? json_form_timestamp
                                                              : parse_duration) ||
           mismatch(type, source);
}
