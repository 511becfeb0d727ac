/* SPDX-License-Identifier: MIT */
/*
 * Text as a view (`struct text`: where it is and how many bytes, not terminated, not owned) and as
 * something that grows
 * (`struct buffer`: memory of an arena, bounded by its limit). Pure; one thread at a time for each
 * buffer.
 */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/arena.h"
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

/* ASCII letters compare without case; nothing else does. */
bool text_equal_nocase(struct text a, struct text b);

/* True for well-formed UTF-8 (RFC 3629: no overlong form, no surrogate, nothing above U+10FFFF).
 * NUL is allowed. */
bool text_is_utf8(struct text text);

/* The number of Unicode code points of well-formed UTF-8. */
size_t text_code_points(struct text utf8);

/* The largest count of bytes, at most `most`, that does not split a UTF-8 character of `text`. */
size_t text_cut(struct text text, size_t most);

/* vsnprintf that never splits a UTF-8 character of what it cuts. `size` is above 1. */
void text_format(char *at, size_t size, const char *format, va_list arguments) printf_like(3, 0);

/* A whole unsigned decimal number, digits only; false for anything else and above UINT64_MAX. */
must_use bool text_to_u64(struct text text, uint64_t *number);

/* Growing text. After a refusal by the arena `full` stays set and later writes do nothing: check it
 * once, at the end. */
struct buffer {
    struct arena *arena;
    char *at;
    size_t bytes, room;
    bool full;
};

/* `expected` bytes are taken at once when they fit the arena's limit. */
void buffer_init(struct buffer *buffer, struct arena *arena, size_t expected);

/* What buffer_reserve does when the buffer has to grow. */
must_use bool buffer_grow(struct buffer *buffer, size_t more);

/* Makes room for `more` bytes at buffer->at + buffer->bytes; false when full. */
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

/* What was written so far; valid until the next write. */
static inline struct text buffer_text(const struct buffer *buffer)
{
    return (struct text){buffer->at, buffer->bytes};
}

/* The longest decimal form of a 64-bit number, with its sign. */
#define DECIMAL_BYTES 20

/* Writes `number` in decimal at `at` (DECIMAL_BYTES of room, not terminated) and returns how many
 * bytes that took. */
size_t text_from_u64(char *at, uint64_t number);

/* The longest form of text_from_real. */
#define REAL_BYTES 32

/* Writes a finite number at `at` (REAL_BYTES of room, not terminated), as short as reads back as
 * the same double, or as the same float when `single`, and returns how many bytes that took. */
size_t text_from_real(char *at, double number, bool single);
