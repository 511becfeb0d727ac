/* SPDX-License-Identifier: MIT */
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/banned.h"

bool text_differs_in_case_alone(struct text a, struct text b)
{
    for (size_t i = 0; i < a.size; i++)
        if (a.data[i] != b.data[i] && ascii_to_lower(a.data[i]) != ascii_to_lower(b.data[i]))
            return false;
    return true;
}

bool text_contains(struct text text, char c)
{
    return text.size > 0 && memchr(text.data, c, text.size);
}

/* Four at a time, which halves the instructions for each byte. */
size_t text_span(struct text text, const bool members[256])
{
    const unsigned char *at = (const unsigned char *)text.data;
    size_t span = 0;
    while (text.size - span >= 4 && members[at[span]] & members[at[span + 1]] &
                                        members[at[span + 2]] & members[at[span + 3]])
        span += 4;
    while (span < text.size && members[at[span]])
        span++;
    return span;
}

static bool is_identifier_character(char c)
{
    return ascii_is_alphanumeric(c) || c == '_';
}

bool text_is_identifier(struct text text)
{
    return text.size > 0 && !ascii_is_digit(text.data[0]) &&
           text_consists_of(text, is_identifier_character);
}

struct text text_until(struct text text, char c)
{
    struct text part;
    text_take_part(&text, c, &part);
    return part;
}

bool text_take_until(struct text *rest, char separator, struct text *part)
{
    const char *end = rest->size ? memchr(rest->data, separator, rest->size) : NULL;
    if (!end)
        return false;
    *part = (struct text){rest->data, (size_t)(end - rest->data)};
    *rest = text_skip(*rest, part->size + 1);
    return true;
}

bool text_take_part(struct text *rest, char separator, struct text *part)
{
    if (text_take_until(rest, separator, part))
        return true;
    *part = *rest;
    *rest = text_skip(*rest, rest->size);
    return false;
}

/* The table of lead bytes in RFC 3629: the number of bytes that follow, and the range of the first
 * of them. */
static const struct {
    unsigned char first, last, more, low, high;
} leads[] = {
    {0xc2, 0xdf, 1, 0x80, 0xbf}, {0xe0, 0xe0, 2, 0xa0, 0xbf}, {0xe1, 0xec, 2, 0x80, 0xbf},
    {0xed, 0xed, 2, 0x80, 0x9f}, {0xee, 0xef, 2, 0x80, 0xbf}, {0xf0, 0xf0, 3, 0x90, 0xbf},
    {0xf1, 0xf3, 3, 0x80, 0xbf}, {0xf4, 0xf4, 3, 0x80, 0x8f},
};

/* The size of the well-formed character at `at`, whose lead byte is not ASCII; 0 when it is not
 * well-formed. */
static size_t wide_character(const unsigned char *at, const unsigned char *end)
{
    for (size_t i = 0; i < array_length(leads); i++) {
        if (at[0] < leads[i].first || at[0] > leads[i].last)
            continue;
        if ((size_t)(end - at) <= leads[i].more || at[1] < leads[i].low || at[1] > leads[i].high)
            return 0;
        for (size_t next = 2; next <= leads[i].more; next++)
            if ((at[next] & 0xc0) != 0x80)
                return 0;
        return leads[i].more + 1U;
    }
    return 0;
}

bool text_is_utf8(struct text text)
{
    if (text.size == 0)
        return true;
    const unsigned char *at = (const unsigned char *)text.data;
    const unsigned char *end = at + text.size;
    while (at < end) {
        uint64_t word;
        if (end - at >= (ptrdiff_t)sizeof word) {
            memcpy(&word, at, sizeof word);
            if (!(word & 0x8080808080808080U)) {
                at += sizeof word;
                continue;
            }
        }
        size_t bytes = *at < 0x80 ? 1 : wide_character(at, end);
        if (bytes == 0)
            return false;
        at += bytes;
    }
    return true;
}

size_t text_code_points(struct text utf8)
{
    size_t count = 0;
    for (size_t i = 0; i < utf8.size; i++)
        count += ((unsigned char)utf8.data[i] & 0xc0) != 0x80;
    return count;
}

size_t text_cut(struct text text, size_t most)
{
    if (text.size <= most)
        return text.size;
    while (most > 0 && ((unsigned char)text.data[most] & 0xc0) == 0x80)
        most--;
    return most;
}

void text_format(char *at, size_t size, const char *format, va_list arguments)
{
    int wanted = vsnprintf(at, size, format, arguments);
    if (wanted < 0)
        at[0] = '\0';
    else if ((size_t)wanted >= size)
        at[text_cut((struct text){at, size - 1}, size - 2)] = '\0';
}

bool text_to_u64(struct text text, uint64_t *number)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < text.size; i++) {
        unsigned digit = (unsigned char)text.data[i] - (unsigned)'0';
        if (digit > 9 || __builtin_mul_overflow(sum, 10U, &sum) ||
            __builtin_add_overflow(sum, digit, &sum))
            return false;
    }
    if (text.size == 0)
        return false;
    *number = sum;
    return true;
}

void buffer_init(struct buffer *buffer, struct arena *arena, size_t expected)
{
    *buffer = (struct buffer){.arena = arena};
    buffer->at = expected ? arena_alloc(arena, expected) : NULL;
    buffer->room = buffer->at ? expected : 0;
}

bool buffer_grow(struct buffer *buffer, size_t more)
{
    if (buffer->full)
        return false;
    size_t needed, room = buffer->room < 64 ? 64 : buffer->room * 2;
    if (__builtin_add_overflow(buffer->bytes, more, &needed))
        needed = room = SIZE_MAX;
    if (room < needed)
        room = needed;
    char *at = arena_alloc(buffer->arena, room);
    if (!at) {
        buffer->full = true;
        return false;
    }
    if (buffer->bytes)
        memcpy(at, buffer->at, buffer->bytes);
    buffer->at = at;
    buffer->room = room;
    return true;
}

void buffer_add(struct buffer *buffer, const char *at, size_t bytes)
{
    if (bytes == 0 || !buffer_reserve(buffer, bytes))
        return;
    memcpy(buffer->at + buffer->bytes, at, bytes);
    buffer->bytes += bytes;
}

void buffer_add_text(struct buffer *buffer, struct text text)
{
    buffer_add(buffer, text.data, text.size);
}

static size_t digits_of(uint64_t number)
{
    size_t digits = 1;
    for (uint64_t power = 10; digits < DECIMAL_BYTES && number >= power; power *= 10)
        digits++;
    return digits;
}

size_t text_from_u64(char *at, uint64_t number)
{
    size_t digits = digits_of(number);
    for (char *end = at + digits; end > at; number /= 10)
        *--end = (char)('0' + number % 10);
    return digits;
}

size_t text_from_real(char *at, double number, bool single)
{
    static const int precisions[2][3] = {{15, 16, 17}, {6, 8, 9}};
    int bytes = 0;
    for (size_t i = 0; i < array_length(precisions[0]); i++) {
        bytes = snprintf(at, REAL_BYTES, "%.*g", precisions[single][i], number);
        if (single ? strtof(at, NULL) == (float)number : strtod(at, NULL) == number)
            break;
    }
    return (size_t)bytes;
}

void buffer_add_u64(struct buffer *buffer, uint64_t number)
{
    if (buffer_reserve(buffer, DECIMAL_BYTES))
        buffer->bytes += text_from_u64(buffer->at + buffer->bytes, number);
}

void buffer_add_i64(struct buffer *buffer, int64_t number)
{
    if (number < 0)
        buffer_add_char(buffer, '-');
    buffer_add_u64(buffer, number < 0 ? 0 - (uint64_t)number : (uint64_t)number);
}
