/* SPDX-License-Identifier: MIT */
#include "json/numbers.h"

#include "base/ascii.h"

#include "base/banned.h"

static const char *skip_digits(const char *at, const char *end)
{
    while (at < end && ascii_is_digit(*at))
        at++;
    return at;
}

/* Returns the end of a fraction, or `at` without one; NULL when the fraction has no digits. */
static const char *skip_fraction(const char *at, const char *end)
{
    if (at == end || *at != '.')
        return at;
    const char *behind = skip_digits(at + 1, end);
    return behind > at + 1 ? behind : NULL;
}

/* Does the same for an exponent. */
static const char *skip_exponent(const char *at, const char *end)
{
    if (at == end || (*at != 'e' && *at != 'E'))
        return at;
    at++;
    if (at < end && (*at == '+' || *at == '-'))
        at++;
    const char *behind = skip_digits(at, end);
    return behind > at ? behind : NULL;
}

size_t json_number_bytes(const char *at, const char *end)
{
    const char *whole = at < end && *at == '-' ? at + 1 : at;
    const char *behind = skip_digits(whole, end);
    if (behind == whole || (behind > whole + 1 && *whole == '0'))
        return 0;
    behind = skip_fraction(behind, end);
    if (behind)
        behind = skip_exponent(behind, end);
    return behind ? (size_t)(behind - at) : 0;
}

bool json_is_number(struct text text)
{
    return text.size > 0 && json_number_bytes(text.data, text.data + text.size) == text.size;
}

/* An exponent that no 64-bit number needs, and small enough that sums of it do not overflow. */
#define LARGEST_EXPONENT INT64_C(1000000000000)

/* Reads the number behind `e`; a larger number becomes about LARGEST_EXPONENT. */
static int64_t read_exponent(const char *at, const char *end)
{
    bool negative = at < end && *at == '-';
    int64_t exponent = 0;
    if (at < end && (*at == '-' || *at == '+'))
        at++;
    for (; at < end && exponent < LARGEST_EXPONENT; at++)
        exponent = exponent * 10 + (*at - '0');
    return negative ? -exponent : exponent;
}

/* Multiplies by 10^exponent. False when the result is not a whole number, or too large. */
static bool scale(uint64_t *number, int64_t exponent)
{
    if (*number == 0)
        return true;
    for (; exponent > 0; exponent--)
        if (__builtin_mul_overflow(*number, 10U, number))
            return false;
    return exponent == 0;
}

/* Zeros are counted and applied with the next digit, because zeros at the end of a fraction do not
 * change the value. */
static bool read_whole(struct text number, bool *negative, uint64_t *magnitude)
{
    const char *at = number.data, *end = number.data + number.size, *point = NULL;
    int64_t zeros = 0, places = 0;
    uint64_t sum = 0;
    *negative = *at == '-';
    for (at += *negative; at < end && *at != 'e' && *at != 'E'; at++) {
        if (*at == '.') {
            point = at;
            continue;
        }
        places += point != NULL;
        zeros++;
        if (*at == '0')
            continue;
        if (!scale(&sum, zeros) || __builtin_add_overflow(sum, (unsigned)(*at - '0'), &sum))
            return false;
        zeros = 0;
    }
    int64_t exponent = at < end ? read_exponent(at + 1, end) : 0;
    if (!scale(&sum, exponent + zeros - places))
        return false;
    *magnitude = sum;
    return true;
}

bool json_to_u64(struct text number, uint64_t *value)
{
    bool negative;
    uint64_t magnitude;
    if (!read_whole(number, &negative, &magnitude) || (negative && magnitude > 0))
        return false;
    *value = magnitude;
    return true;
}

bool json_to_i64(struct text number, int64_t *value)
{
    bool negative;
    uint64_t magnitude;
    if (!read_whole(number, &negative, &magnitude) || magnitude > (uint64_t)INT64_MAX + negative)
        return false;
    *value = negative ? (int64_t)(0 - magnitude) : (int64_t)magnitude;
    return true;
}
