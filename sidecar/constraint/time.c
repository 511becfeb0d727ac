/* SPDX-License-Identifier: MIT */
/* google.protobuf.Duration and Timestamp as values of rules. */
#include <time.h>

#include "base/clock.h"
#include "base/date.h"
#include "constraint/constraint.h"
#include "schema/wire.h"

#include "base/banned.h"

/* Field numbers of both messages. */
enum { SECONDS = 1, NANOS = 2 };

bool time_of_rule(enum well_known type, struct text bytes, struct number *number)
{
    struct wire_field field;
    *number =
        (struct number){.form = type == WELL_KNOWN_DURATION ? NUMBER_DURATION : NUMBER_TIMESTAMP};
    while (bytes.size > 0) {
        if (!wire_next(&bytes, &field) || field.type != WIRE_VARINT)
            return false;
        if (field.number == SECONDS)
            number->seconds = (int64_t)field.value;
        else if (field.number == NANOS)
            number->nanos = (int32_t)(uint32_t)field.value;
        else
            return false;
    }
    return true;
}

struct number time_of(const struct schema_message *type, const ProtobufCMessage *message)
{
    const struct schema_field *seconds = schema_field_by_number(type, SECONDS),
                              *nanos = schema_field_by_number(type, NANOS);
    return (struct number){.form = type->well_known == WELL_KNOWN_DURATION ? NUMBER_DURATION
                                                                           : NUMBER_TIMESTAMP,
                           .seconds = *(const int64_t *)schema_value(message, seconds),
                           .nanos = *(const int32_t *)schema_value(message, nanos)};
}

struct number time_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (struct number){
        .form = NUMBER_TIMESTAMP, .seconds = now.tv_sec, .nanos = (int32_t)now.tv_nsec};
}

/* 64 bits are too few for all seconds. */
static __int128 total_ns(const struct number *number)
{
    return (__int128)number->seconds * CLOCK_NS_PER_S + number->nanos;
}

int time_compare(const struct number *a, const struct number *b)
{
    __int128 left = total_ns(a), right = total_ns(b);
    return (left > right) - (left < right);
}

bool time_is_within(const struct number *time, const struct number *span,
                    const struct number *other)
{
    __int128 distance = total_ns(time) - total_ns(other);
    return distance <= total_ns(span) && -distance <= total_ns(span);
}

/* Writes ".5", or nothing for none. */
static void write_nanos(int32_t nanos, struct buffer *out)
{
    char digits[] = ".000000000";
    size_t size = sizeof digits - 1;
    for (size_t i = size; i-- > 1; nanos /= 10)
        digits[i] = (char)('0' + nanos % 10);
    while (size > 1 && digits[size - 1] == '0')
        size--;
    buffer_add(out, digits, size > 1 ? size : 0);
}

static void write_duration(const struct number *number, struct buffer *out)
{
    bool negative = number->seconds < 0 || number->nanos < 0;
    uint64_t seconds = (uint64_t)number->seconds;
    if (negative)
        buffer_add_char(out, '-');
    buffer_add_u64(out, number->seconds < 0 ? 0 - seconds : seconds);
    write_nanos(number->nanos < 0 ? -number->nanos : number->nanos, out);
    buffer_add_char(out, 's');
}

void time_write(const struct number *number, struct buffer *out)
{
    char date[DATE_BYTES];
    if (number->form == NUMBER_DURATION) {
        write_duration(number, out);
        return;
    }
    date_write(date, number->seconds);
    buffer_add(out, date, DATE_SIZE);
    write_nanos(number->nanos < 0 ? 0 : number->nanos, out);
    buffer_add_char(out, 'Z');
}
