/* SPDX-License-Identifier: MIT */
/*
 * `struct text` is a view of bytes: neither terminated nor owned. Parsers read it from its front
 * (the text_take functions). `struct buffer` is a text that grows in an arena, bounded by the
 * arena's limit. Pure; a buffer is used by one thread at a time.
 */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "base/ascii.h"
#include "base/compiler.h"

struct text {
    const char *data;
    size_t size;
};

#define text_literal(literal) ((struct text){"" literal, sizeof(literal) - 1})

/* For printf's "%.*s". */
#define text_arguments(text) (int)(text).size, (text).data

static inline struct text text_of(const char *terminated)
{
    return (struct text){terminated, strlen(terminated)};
}

static inline bool text_equal(struct text a, struct text b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

/* The slow path of text_equal_nocase, for texts of the same size. */
bool text_differs_in_case_alone(struct text a, struct text b);

/* Equal, or different only in the case of ASCII characters. */
static inline bool text_equal_nocase(struct text a, struct text b)
{
    return a.size == b.size && (text_equal(a, b) || text_differs_in_case_alone(a, b));
}

static inline bool text_starts_with(struct text text, struct text prefix)
{
    return text.size >= prefix.size &&
           (prefix.size == 0 || memcmp(text.data, prefix.data, prefix.size) == 0);
}

static inline bool text_ends_with(struct text text, struct text suffix)
{
    return text.size >= suffix.size &&
           (suffix.size == 0 ||
            memcmp(text.data + text.size - suffix.size, suffix.data, suffix.size) == 0);
}

bool text_contains(struct text text, char c);

/* True when `is_member` is true for each character; also for an empty text. */
static inline bool text_consists_of(struct text text, bool (*is_member)(char c))
{
    for (size_t i = 0; i < text.size; i++)
        if (!is_member(text.data[i]))
            return false;
    return true;
}

/* The number of bytes at the beginning for which `members` is true. */
size_t text_span(struct text text, const bool members[256]);

/* True for an identifier of Protobuf: ASCII letters, digits and underscores, no digit first. */
bool text_is_identifier(struct text text);

/* The text without its first `size` bytes; empty when it has fewer. */
static inline struct text text_skip(struct text text, size_t size)
{
    size_t skipped = size < text.size ? size : text.size;
    return skipped ? (struct text){text.data + skipped, text.size - skipped} : text;
}

/* The part before the first `c`, or the whole text without one. */
struct text text_until(struct text text, char c);

/* The text without spaces and tabs at both ends. */
static inline struct text text_trim(struct text text)
{
    const char *start = text.data, *end = start + text.size;
    while (start < end && ascii_is_blank(*start))
        start++;
    while (end > start && ascii_is_blank(end[-1]))
        end--;
    return (struct text){start, (size_t)(end - start)};
}

/* The text_take functions remove what they take from the front of `rest`. Those that return false
 * leave `rest` as it was, but for text_take_part. */

/* Takes `c` if it is the first character. */
static inline bool text_take(struct text *rest, char c)
{
    if (rest->size == 0 || rest->data[0] != c)
        return false;
    *rest = (struct text){rest->data + 1, rest->size - 1};
    return true;
}

static inline bool text_take_prefix(struct text *rest, struct text prefix)
{
    if (!text_starts_with(*rest, prefix))
        return false;
    *rest = text_skip(*rest, prefix.size);
    return true;
}

/* Takes `size` bytes; false when `rest` has fewer. */
must_use static inline bool text_take_size(struct text *rest, size_t size, struct text *taken)
{
    if (size > rest->size)
        return false;
    *taken = (struct text){rest->data, size};
    *rest = (struct text){rest->data + size, rest->size - size};
    return true;
}

/* Takes the longest beginning for whose characters `is_member` is true; it may be empty. */
static inline struct text text_take_while(struct text *rest, bool (*is_member)(char c))
{
    struct text taken = {rest->data, 0};
    while (taken.size < rest->size && is_member(rest->data[taken.size]))
        taken.size++;
    *rest = text_skip(*rest, taken.size);
    return taken;
}

/* Takes the part before the first `separator`, and the separator; false without a separator. */
must_use bool text_take_until(struct text *rest, char separator, struct text *part);

/*
 * Takes the next part of a list: the part before the first `separator`, and the separator, or all
 * that is left. Returns whether there was a separator, so that another part follows, if an empty
 * one.
 */
bool text_take_part(struct text *rest, char separator, struct text *part);

/* True for well-formed UTF-8 (RFC 3629: no overlong form, no surrogate, nothing above U+10FFFF).
 * NUL is allowed. */
bool text_is_utf8(struct text text);

/* The number of Unicode code points of well-formed UTF-8. */
size_t text_code_points(struct text utf8);

/* The largest size, at most `most`, at which `text` can be cut without splitting a UTF-8 character.
 */
size_t text_cut(struct text text, size_t most);

/* vsnprintf, but text that does not fit is cut between two UTF-8 characters. `size` is above 1. */
void text_format(char *at, size_t size, const char *format, va_list arguments) printf_like(3, 0);

/* Reads a text of decimal digits alone. False for other characters, for no digit, and above
 * UINT64_MAX. */
must_use bool text_to_u64(struct text text, uint64_t *number);

/* A growing text. When the arena has refused memory, `full` stays set and later writes do nothing,
 * so that callers check it once, at the end. */
struct buffer {
    struct arena *arena;
    char *at;
    size_t bytes, room;
    bool full;
};

/* Makes an empty buffer and reserves `expected` bytes if they fit the limit of the arena. */
void buffer_init(struct buffer *buffer, struct arena *arena, size_t expected);

/* The slow path of buffer_reserve, for a buffer that has to grow. */
must_use bool buffer_grow(struct buffer *buffer, size_t more);

/* Makes room for `more` bytes at buffer->at + buffer->bytes; false when the buffer is full. */
must_use static inline bool buffer_reserve(struct buffer *buffer, size_t more)
{
    return (more <= buffer->room - buffer->bytes && !buffer->full) || buffer_grow(buffer, more);
}

void buffer_add(struct buffer *buffer, const char *at, size_t bytes);
void buffer_add_text(struct buffer *buffer, struct text text);

static inline void buffer_add_char(struct buffer *buffer, char c)
{
    if (buffer_reserve(buffer, 1))
        buffer->at[buffer->bytes++] = c;
}

void buffer_add_u64(struct buffer *buffer, uint64_t number);
void buffer_add_i64(struct buffer *buffer, int64_t number);
#define buffer_add_literal(buffer, literal) buffer_add(buffer, "" literal, sizeof(literal) - 1)

/* The text that was written so far; valid until the next write. */
static inline struct text buffer_text(const struct buffer *buffer)
{
    return (struct text){buffer->at, buffer->bytes};
}

/* The longest decimal form of a 64-bit number, with its sign. */
#define DECIMAL_BYTES 20

/* Writes `number` in decimal at `at`, which has room for DECIMAL_BYTES, without a terminator.
 * Returns the size. */
size_t text_from_u64(char *at, uint64_t number);

/* The longest form of text_from_real. */
#define REAL_BYTES 32

/* Writes a finite number at `at`, which has room for REAL_BYTES, without a terminator, as short as
 * it can be read back as the same double, or the same float when `single`. Returns the size. */
size_t text_from_real(char *at, double number, bool single);
