/* SPDX-License-Identifier: MIT */
#include "json/strings.h"

#include <endian.h>
#include <stdint.h>

#include "base/ascii.h"

#include "base/banned.h"

#define EACH_BYTE(byte) (UINT64_C(0x0101010101010101) * (byte))
#define HIGH_BITS EACH_BYTE(0x80)

/*
 * Sets the high bit of each byte that is a quote, a backslash or a control character. Subtracting 1
 * sets the high bit of a zero byte alone; bytes above the first match may be marked wrongly,
 * because the subtraction borrows from them. XOR 2 turns a quote into a space and keeps control
 * characters below it, so that one subtraction finds both. Bytes that are not ASCII have their high
 * bit set already.
 */
static uint64_t special_bytes(uint64_t word)
{
    uint64_t below_exclamation = (word ^ EACH_BYTE('"' ^ ' ')) - EACH_BYTE('!');
    uint64_t backslash = (word ^ EACH_BYTE('\\')) - EACH_BYTE(1);
    return (below_exclamation | backslash) & ~word & HIGH_BITS;
}

static bool is_plain(char c)
{
    return c != '"' && c != '\\' && (unsigned char)c >= ' ';
}

struct run {
    size_t bytes;
    uint64_t wide; /* not 0 when some of them, or of the bytes behind, may not be ASCII */
};

/* The bytes before the first quote, escape or control character, eight of which are searched at a
 * time. */
static inline struct run plain_run(const char *at, const char *end)
{
    const char *start = at;
    uint64_t word, special = 0, seen = 0;
    for (; end - at >= (ptrdiff_t)sizeof word; at += sizeof word) {
        memcpy(&word, at, sizeof word);
        word = le64toh(word);
        seen |= word;
        special = special_bytes(word);
        if (special)
            break;
    }
    if (special)
        at += __builtin_ctzll(special) / 8;
    else
        for (; at < end && is_plain(*at); at++)
            seen |= (uint64_t)(unsigned char)*at;
    return (struct run){(size_t)(at - start), seen & HIGH_BITS};
}

/* Takes the four hexadecimal digits behind \u. */
static bool take_unit(struct json_source *source, uint32_t *unit)
{
    uint32_t value = 0;
    if (source->end - source->at < 4)
        return json_malformed(source, "an escape that is cut off");
    for (int i = 0; i < 4; i++) {
        int digit = ascii_hex_value(source->at[i]);
        if (digit < 0)
            return json_malformed(source, "an escape that is not a hexadecimal number");
        value = value << 4 | (unsigned)digit;
    }
    source->at += 4;
    *unit = value;
    return true;
}

/* RFC 3629: one byte of seven bits, or a lead byte and six bits in each byte behind it. */
static void add_utf8(struct buffer *out, uint32_t code)
{
    static const uint32_t limits[] = {0x80, 0x800, 0x10000}, leads[] = {0, 0xc0, 0xe0, 0xf0};
    unsigned more = 0;
    while (more < array_length(limits) && code >= limits[more])
        more++;
    buffer_add_char(out, (char)(leads[more] | code >> (6 * more)));
    while (more-- > 0)
        buffer_add_char(out, (char)(0x80 | (code >> (6 * more) & 63)));
}

/* Takes a character behind \u. A character above U+FFFF is written as two escapes (RFC 8259 section
 * 7). */
static bool take_character(struct json_source *source, struct buffer *out)
{
    uint32_t unit = 0, low = 0;
    if (!take_unit(source, &unit))
        return false;
    if (unit < 0xd800 || unit > 0xdfff) {
        add_utf8(out, unit);
        return true;
    }
    bool paired = unit < 0xdc00 && source->end - source->at > 1 && source->at[0] == '\\' &&
                  source->at[1] == 'u';
    if (paired) {
        source->at += 2;
        if (!take_unit(source, &low))
            return false;
    }
    if (low < 0xdc00 || low > 0xdfff)
        return json_malformed(source, "a lone surrogate");
    add_utf8(out, 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00));
    return true;
}

/* Takes the rest of an escape, behind the backslash. */
static bool take_escape(struct json_source *source, struct buffer *out)
{
    static const char letters[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    char letter = source->at < source->end ? *source->at : '\0';
    const char *found = letter ? strchr(letters, letter) : NULL;
    if (!found && letter != 'u')
        return json_malformed(source, "an unknown escape");
    source->at++;
    if (letter == 'u')
        return take_character(source, out);
    buffer_add_char(out, meanings[found - letters]);
    return true;
}

/* Takes the quote at the end of a string, whose decoded content is `found`. */
static inline bool close_string(struct json_source *source, struct text found, uint64_t wide,
                                struct text *text)
{
    if (source->at == source->end || *source->at != '"')
        return json_malformed(source, "a string that does not end, or a control character in it");
    if (wide && !text_is_utf8(found))
        return json_malformed(source, "a string that is not UTF-8");
    source->at++;
    *text = found;
    return true;
}

/* Takes a string with escapes and decodes it in memory of its own; `plain` is the part before the
 * first escape. It is not inlined, so that strings without escapes need no stack. */
static __attribute__((noinline)) bool read_escaped(struct json_source *source, struct run plain,
                                                   struct text *text)
{
    struct buffer out;
    buffer_init(&out, source->arena, plain.bytes * 2 + 32);
    buffer_add(&out, source->at, plain.bytes);
    source->at += plain.bytes;
    while (source->at < source->end && *source->at == '\\') {
        source->at++;
        if (!take_escape(source, &out))
            return false;
        struct run run = plain_run(source->at, source->end);
        buffer_add(&out, source->at, run.bytes);
        source->at += run.bytes;
        plain.wide |= run.wide;
    }
    if (out.full)
        return json_no_memory(source);
    return close_string(source, buffer_text(&out), plain.wide, text);
}

bool json_take_string(struct json_source *source, struct text *text)
{
    if (!json_take(source, '"'))
        return json_malformed(source, "no string where one is expected");
    struct run run = plain_run(source->at, source->end);
    const char *behind = source->at + run.bytes;
    if (behind < source->end && *behind == '\\')
        return read_escaped(source, run, text);
    struct text found = {source->at, run.bytes};
    source->at = behind;
    return close_string(source, found, run.wide, text);
}

bool json_take_name(struct json_source *source, struct text *name)
{
    if (!json_take_string(source, name))
        return false;
    return json_take(source, ':') || json_malformed(source, "no colon where one is expected");
}

static void add_escape(struct buffer *out, char c)
{
    static const char letters[] = "bfnrt\"\\", meanings[] = "\b\f\n\r\t\"\\";
    const char *found = c ? strchr(meanings, c) : NULL;
    if (found) {
        const char escaped[] = {'\\', letters[found - meanings]};
        buffer_add(out, escaped, sizeof escaped);
        return;
    }
    buffer_add_literal(out, "\\u00");
    buffer_add_char(out, ascii_hex_digit((unsigned char)c >> 4));
    buffer_add_char(out, ascii_hex_digit((unsigned char)c));
}

/* Memory for a string without escapes is reserved once, because most strings have none. */
void json_add_string(struct buffer *out, struct text text)
{
    size_t done = 0;
    if (!buffer_reserve(out, text.size + 2))
        return;
    out->at[out->bytes++] = '"';
    while (done < text.size) {
        size_t run = plain_run(text.data + done, text.data + text.size).bytes;
        buffer_add(out, text.data + done, run);
        done += run;
        if (done < text.size)
            add_escape(out, text.data[done++]);
    }
    buffer_add_char(out, '"');
}
