/* SPDX-License-Identifier: MIT */
#include "telemetry/log_line.h"

#include <string.h>

#include "base/ascii.h"
#include "base/clock.h"

#include "base/banned.h"

static const char *const level_names[] = {
#define LOG_LEVEL(name, text) [LOG_##name] = (text),
    LOG_LEVELS(LOG_LEVEL)
#undef LOG_LEVEL
};

/* The text around the parts of a line; members have theirs in put_key. */
static const struct shape {
    struct text time, level, event, head_end, line_end;
} shapes[] = {
#define PART(literal)                                                                              \
    {                                                                                              \
        "" literal, sizeof(literal) - 1                                                            \
    }
    [LOG_JSON] = {PART("{\"time\":\""), PART("\",\"level\":\""), PART("\",\"event\":\""),
                  PART("\""), PART("}\n")},
    [LOG_TEXT] = {PART(""), PART(" "), PART(" "), PART(""), PART("\n")},
#undef PART
};

/* Room that is kept for the end of a line: the shape's, and a terminator. */
#define LINE_END_BYTES 3

/* The longest escape of a character: "\u0000". */
#define ESCAPE_BYTES 6

/* Room for a member without its key and the rest of its text: the longest duration. */
#define MEMBER_BYTES (DECIMAL_BYTES + sizeof ".999")

bool log_level_parse(struct text name, enum log_level *level)
{
    for (size_t i = 0; i < array_length(level_names); i++) {
        if (!text_equal(name, text_of(level_names[i])))
            continue;
        *level = (enum log_level)i;
        return true;
    }
    return false;
}

static size_t room(const struct log_line *line)
{
    return sizeof line->bytes - LINE_END_BYTES - line->used;
}

static void put(struct log_line *line, const char *at, size_t bytes)
{
    if (bytes > room(line))
        bytes = room(line);
    memcpy(line->bytes + line->used, at, bytes);
    line->used += bytes;
}

static void put_text(struct log_line *line, struct text text)
{
    put(line, text.data, text.size);
}

/* Printable ASCII that needs no escape in a JSON string. */
static bool is_plain(char c)
{
    return ascii_is_printable(c) && c != '"' && c != '\\';
}

/* The same for eight bytes at once: each term sets the top bit of a byte that is not plain. */
static bool are_plain(uint64_t word)
{
    const uint64_t ones = 0x0101010101010101U, tops = ones << 7;
    uint64_t quote = word ^ ones * '"', backslash = word ^ ones * '\\';
    return !((word | (word + ones) | (word - ones * ' ') | (quote - ones) | (backslash - ones)) &
             tops);
}

/* Copies the plain bytes at the beginning of `text`, at most `bytes`, and returns their number. */
static size_t copy_plain(char *at, struct text text, size_t bytes)
{
    size_t done = 0;
    if (bytes > text.size)
        bytes = text.size;
    for (uint64_t word; bytes - done >= sizeof word; done += sizeof word) {
        memcpy(&word, text.data + done, sizeof word);
        if (!are_plain(word))
            break;
        memcpy(at + done, &word, sizeof word);
    }
    for (; done < bytes && is_plain(text.data[done]); done++)
        at[done] = text.data[done];
    return done;
}

/* Length of the UTF-8 character at the beginning of `text`; 0 when there is none. */
static size_t character_bytes(struct text text)
{
    for (size_t bytes = 1; bytes <= 4 && bytes <= text.size; bytes++)
        if (text_is_utf8((struct text){text.data, bytes}))
            return bytes;
    return 0;
}

static void put_unicode(struct log_line *line, unsigned char code)
{
    const char escape[ESCAPE_BYTES] = {
        '\\', 'u', '0', '0', ascii_hex_digit(code >> 4), ascii_hex_digit(code)};
    put(line, escape, sizeof escape);
}

/* The control characters C1 are two bytes in UTF-8: 0xc2 and their code. */
static bool is_c1(const char *at, size_t bytes)
{
    return bytes == 2 && at[0] == '\xc2' && (unsigned char)at[1] < 0xa0;
}

/* Writes the first character of `text`, escaped if need be, and returns its length. */
static size_t put_special(struct log_line *line, struct text text)
{
    size_t bytes = character_bytes(text);
    if (bytes == 0) {
        put_text(line, text_literal("\xef\xbf\xbd"));
        return 1;
    }
    if (*text.data == '"' || *text.data == '\\')
        put(line, "\\", 1);
    if (is_c1(text.data, bytes))
        put_unicode(line, (unsigned char)text.data[1]);
    else if (ascii_is_control(*text.data))
        put_unicode(line, (unsigned char)*text.data);
    else
        put(line, text.data, bytes);
    return bytes;
}

/* An escape or a character is written as a whole or not at all, and room is left for the closing
 * quote. */
static void put_escaped(struct log_line *line, struct text text)
{
    for (;;) {
        size_t run = copy_plain(line->bytes + line->used, text, room(line) - 1);
        line->used += run;
        text = text_skip(text, run);
        if (text.size == 0 || room(line) <= ESCAPE_BYTES)
            return;
        size_t taken = put_special(line, text);
        text = text_skip(text, taken);
    }
}

/* Writes a member's key and returns the place of its value, with room for a number; NULL when there
 * is none. */
static char *put_key(struct log_line *line, struct text key)
{
    char *at = line->bytes + line->used;
    if (room(line) < key.size + MEMBER_BYTES)
        return NULL;
    if (line->format == LOG_JSON)
        return mempcpy(at, key.data, key.size);
    struct text name = {key.data + strlen(",\""), key.size - strlen(",\"\":")};
    *at++ = ' ';
    at = mempcpy(at, name.data, name.size);
    *at++ = '=';
    return at;
}

void log_line_begin(struct log_line *line, enum log_format format, enum log_level level,
                    const char *event)
{
    char stamp[CLOCK_STAMP_BYTES];
    const struct shape *shape = &shapes[format];
    line->used = 0;
    line->format = format;
    clock_stamp(stamp);
    put_text(line, shape->time);
    put(line, stamp, CLOCK_STAMP_BYTES - 1);
    put_text(line, shape->level);
    put_text(line, text_of(level_names[level]));
    put_text(line, shape->event);
    put_text(line, text_of(event));
    put_text(line, shape->head_end);
}

void log_text_member(struct log_line *line, struct text key, struct text value)
{
    char *at = value.size ? put_key(line, key) : NULL;
    if (!at)
        return;
    *at++ = '"';
    line->used = (size_t)(at - line->bytes);
    put_escaped(line, value);
    line->bytes[line->used++] = '"';
}

void log_number_member(struct log_line *line, struct text key, int64_t value)
{
    char *at = put_key(line, key);
    if (!at)
        return;
    if (value < 0)
        *at++ = '-';
    at += text_from_u64(at, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
    line->used = (size_t)(at - line->bytes);
}

void log_milliseconds_member(struct log_line *line, struct text key, int64_t nanoseconds)
{
    uint64_t microseconds = nanoseconds < 0 ? 0 : (uint64_t)nanoseconds / 1000;
    unsigned fraction = (unsigned)(microseconds % 1000);
    char *at = put_key(line, key);
    if (!at)
        return;
    at += text_from_u64(at, microseconds / 1000);
    *at++ = '.';
    *at++ = (char)('0' + fraction / 100);
    *at++ = (char)('0' + fraction / 10 % 10);
    *at++ = (char)('0' + fraction % 10);
    line->used = (size_t)(at - line->bytes);
}

void log_line_end(struct log_line *line)
{
    struct text end = shapes[line->format].line_end;
    memcpy(line->bytes + line->used, end.data, end.size);
    line->used += end.size;
}
