/* SPDX-License-Identifier: MIT */
#include "rest/json_forms.h"

#include <stdint.h>
#include <time.h>

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

/* None, three, six or nine digits behind the point. */
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
    struct tm day;
    if (seconds < FIRST_SECOND || seconds > LAST_SECOND || nanos < 0 || nanos >= NANOS ||
        !gmtime_r(&seconds, &day))
        return status_fail(status, STATUS_INVALID_ARGUMENT,
                           "the timestamp is not between the years 1 and 9999");
    add_digits(out, day.tm_year + 1900, 4);
    buffer_add_char(out, '-');
    add_digits(out, day.tm_mon + 1, 2);
    buffer_add_char(out, '-');
    add_digits(out, day.tm_mday, 2);
    buffer_add_char(out, 'T');
    add_digits(out, day.tm_hour, 2);
    buffer_add_char(out, ':');
    add_digits(out, day.tm_min, 2);
    buffer_add_char(out, ':');
    add_digits(out, day.tm_sec, 2);
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

/* "foo_bar.baz" to "fooBar.baz"; what would not come back is refused. */
static bool add_camel(struct text path, struct buffer *out, struct status *status)
{
    for (size_t i = 0; i < path.bytes; i++) {
        char c = path.at[i], next = i + 1 < path.bytes ? path.at[i + 1] : '\0';
        if ((c >= 'A' && c <= 'Z') || (c == '_' && (next < 'a' || next > 'z')))
            return status_fail(status, STATUS_INVALID_ARGUMENT,
                               "the field mask's path \"%.*s\" has no JSON form",
                               text_arguments(path));
        if (c == '_')
            buffer_add_char(out, (char)(path.at[++i] - 'a' + 'A'));
        else
            buffer_add_char(out, c);
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
        if (!add_camel((struct text){(const char *)paths[i].data, paths[i].len}, out, status))
            return false;
    }
    return true;
}

/* `digits` digits at the start of the text, taken off it. */
static bool take_digits(struct text *text, size_t digits, int *number)
{
    int read = 0;
    if (text->bytes < digits)
        return false;
    for (size_t i = 0; i < digits; i++) {
        if (text->at[i] < '0' || text->at[i] > '9')
            return false;
        read = read * 10 + (text->at[i] - '0');
    }
    *text = (struct text){text->at + digits, text->bytes - digits};
    *number = read;
    return true;
}

static bool take(struct text *text, char c)
{
    if (text->bytes == 0 || text->at[0] != c)
        return false;
    *text = (struct text){text->at + 1, text->bytes - 1};
    return true;
}

/* A point and one to nine digits, or nothing. */
static bool take_fraction(struct text *text, int32_t *nanos)
{
    int32_t read = 0, unit = NANOS / 10;
    if (!take(text, '.'))
        return true;
    size_t digits = 0;
    for (int digit; unit > 0 && take_digits(text, 1, &digit); unit /= 10, digits++)
        read += digit * unit;
    *nanos = read;
    return digits > 0;
}

/* "Z" or "+08:00". */
static bool take_zone(struct text *text, int64_t *seconds)
{
    int hours, minutes;
    if (take(text, 'Z'))
        return true;
    int sign = take(text, '-') ? 1 : take(text, '+') ? -1 : 0;
    if (sign == 0 || !take_digits(text, 2, &hours) || !take(text, ':') ||
        !take_digits(text, 2, &minutes) || hours > 23 || minutes > 59)
        return false;
    *seconds += sign * (hours * 3600 + minutes * 60);
    return true;
}

/* RFC 3339 without leap seconds. */
static bool parse_timestamp(struct text text, int64_t *seconds, int32_t *nanos)
{
    struct tm day = {0}, normal;
    if (!take_digits(&text, 4, &day.tm_year) || !take(&text, '-') ||
        !take_digits(&text, 2, &day.tm_mon) || !take(&text, '-') ||
        !take_digits(&text, 2, &day.tm_mday) || !take(&text, 'T') ||
        !take_digits(&text, 2, &day.tm_hour) || !take(&text, ':') ||
        !take_digits(&text, 2, &day.tm_min) || !take(&text, ':') ||
        !take_digits(&text, 2, &day.tm_sec))
        return false;
    day.tm_year -= 1900;
    day.tm_mon -= 1;
    normal = day;
    *seconds = timegm(&normal);
    /* What the calendar does not have, 30 February for instance, comes back as another day. */
    bool real = normal.tm_year == day.tm_year && normal.tm_mon == day.tm_mon &&
                normal.tm_mday == day.tm_mday && normal.tm_hour == day.tm_hour &&
                normal.tm_min == day.tm_min && normal.tm_sec == day.tm_sec;
    *nanos = 0;
    return real && take_fraction(&text, nanos) && take_zone(&text, seconds) && text.bytes == 0 &&
           *seconds >= FIRST_SECOND && *seconds <= LAST_SECOND;
}

static bool parse_duration(struct text text, int64_t *seconds, int32_t *nanos)
{
    bool negative = take(&text, '-');
    size_t digits = 0;
    uint64_t whole;
    while (digits < text.bytes && text.at[digits] >= '0' && text.at[digits] <= '9')
        digits++;
    if (!text_to_u64((struct text){text.at, digits}, &whole) || whole > (uint64_t)LONGEST_DURATION)
        return false;
    text = (struct text){text.at + digits, text.bytes - digits};
    *nanos = 0;
    if (!take_fraction(&text, nanos) || !take(&text, 's') || text.bytes > 0)
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
    int32_t nanos;
    if (!parse(text, &seconds, &nanos))
        return false;
    *seconds_of(type, message) = seconds;
    *nanos_of(type, message) = nanos;
    return true;
}

/* "fooBar.baz" to "foo_bar.baz". */
static bool add_snake(struct text path, struct buffer *out)
{
    for (size_t i = 0; i < path.bytes; i++) {
        char c = path.at[i];
        if (c == '_')
            return false;
        if (c >= 'A' && c <= 'Z') {
            buffer_add_char(out, '_');
            c = (char)(c - 'A' + 'a');
        }
        buffer_add_char(out, c);
    }
    return !out->full;
}

static bool read_mask(const struct schema_message *type, struct text text, struct arena *arena,
                      ProtobufCMessage *message)
{
    const struct schema_field *field = schema_field_by_number(type, 1);
    while (text.bytes > 0) {
        const char *comma = memchr(text.at, ',', text.bytes);
        struct text path = {text.at, comma ? (size_t)(comma - text.at) : text.bytes};
        struct buffer snake;
        ProtobufCBinaryData *place = schema_reserve(message, field, 1, arena);
        buffer_init(&snake, arena, path.bytes * 2);
        if (!place || path.bytes == 0 || !add_snake(path, &snake))
            return false;
        *place = (ProtobufCBinaryData){snake.bytes, (uint8_t *)snake.at};
        schema_add_count(message, field, 1);
        size_t used = path.bytes + (comma != NULL);
        text = (struct text){text.at + used, text.bytes - used};
    }
    return true;
}

bool json_form_is_string(enum well_known well_known)
{
    return well_known == WELL_KNOWN_TIMESTAMP || well_known == WELL_KNOWN_DURATION ||
           well_known == WELL_KNOWN_FIELD_MASK;
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

bool json_form_read(const struct schema_message *type, struct text text, struct arena *arena,
                    ProtobufCMessage *message, struct status *status)
{
    bool good =
        type->well_known == WELL_KNOWN_TIMESTAMP  ? read_time(type, text, message, parse_timestamp)
        : type->well_known == WELL_KNOWN_DURATION ? read_time(type, text, message, parse_duration)
                                                  : read_mask(type, text, arena, message);
    return good || status_fail(status, STATUS_INVALID_ARGUMENT, "the text is no %.*s",
                               text_arguments(type->full_name));
}
