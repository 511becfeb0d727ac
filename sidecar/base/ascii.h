/* SPDX-License-Identifier: MIT */
/*
 * Classes and conversions of ASCII characters. They do not depend on the locale; a byte that is not
 * ASCII belongs to no class and is its own lower and upper case. Pure; any thread.
 */
#pragma once

#include <stdbool.h>
#include <string.h>

static inline bool ascii_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static inline bool ascii_is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static inline bool ascii_is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

static inline bool ascii_is_letter(char c)
{
    return ascii_is_lower(c) || ascii_is_upper(c);
}

static inline bool ascii_is_alphanumeric(char c)
{
    return ascii_is_letter(c) || ascii_is_digit(c);
}

/* A space or a tab. */
static inline bool ascii_is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* A space or a visible character. */
static inline bool ascii_is_printable(char c)
{
    return c >= ' ' && c <= '~';
}

static inline bool ascii_is_visible(char c)
{
    return c > ' ' && c <= '~';
}

/* 0x00 to 0x1f and 0x7f. */
static inline bool ascii_is_control(char c)
{
    return (unsigned char)c < ' ' || c == 0x7f;
}

/* True when `c` is one of the characters of `set`, a terminated string; NUL never is. */
static inline bool ascii_is_one_of(char c, const char *set)
{
    return c && strchr(set, c);
}

static inline char ascii_to_lower(char c)
{
    return ascii_is_upper(c) ? (char)(c + ('a' - 'A')) : c;
}

static inline char ascii_to_upper(char c)
{
    return ascii_is_lower(c) ? (char)(c - ('a' - 'A')) : c;
}

/* The value of a hexadecimal digit of either case, 0 to 15; -1 for any other character. */
static inline int ascii_hex_value(char c)
{
    if (ascii_is_digit(c))
        return c - '0';
    char lower = ascii_to_lower(c);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

static inline bool ascii_is_hex(char c)
{
    return ascii_hex_value(c) >= 0;
}

/* The lower-case hexadecimal digit of the lowest four bits. */
static inline char ascii_hex_digit(unsigned value)
{
    return "0123456789abcdef"[value & 15];
}
