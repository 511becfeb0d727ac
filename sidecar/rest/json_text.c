/* SPDX-License-Identifier: MIT */
#include "rest/json_text.h"

#include <endian.h>
#include <stdint.h>

#include "rest/json_name_set.h"
#include "rest/json_number.h"

#include "base/banned.h"

#define DEFAULT_DEPTH 64
#define DEFAULT_NAMES 4096

void json_source_init(struct json_source *source, struct text json,
                      const struct json_limits *limits, struct arena *arena, struct status *status)
{
    *source = (struct json_source){
        .start = json.at,
        .at = json.at,
        .end = json.at + json.bytes,
        .arena = arena,
        .limits = {.depth = limits->depth ? limits->depth : DEFAULT_DEPTH,
                   .names = limits->names ? limits->names : DEFAULT_NAMES},
        .status = status,
    };
}

bool json_malformed(struct json_source *source, const char *what)
{
    source->broken = true;
    return status_fail(source->status, STATUS_INVALID_ARGUMENT, "the JSON has %s at byte %zu", what,
                       (size_t)(source->at - source->start));
}

bool json_no_memory(struct json_source *source)
{
    source->broken = true;
    return status_fail(source->status, STATUS_RESOURCE_EXHAUSTED,
                       "no memory left for the JSON at byte %zu",
                       (size_t)(source->at - source->start));
}

char json_peek_far(struct json_source *source)
{
    while (source->at < source->end && (*source->at == ' ' || *source->at == '\n' ||
                                        *source->at == '\r' || *source->at == '\t'))
        source->at++;
    return source->at < source->end ? *source->at : '\0';
}

#define EACH_BYTE(byte) (UINT64_C(0x0101010101010101) * (byte))
#define HIGH_BITS EACH_BYTE(0x80)

/* The high bit of each byte that is below `limit`, at most 0x80. Bytes above the first such byte
 * may be marked wrongly. */
static uint64_t bytes_below(uint64_t word, unsigned limit)
{
    return (word - EACH_BYTE(limit)) & ~word & HIGH_BITS;
}

static uint64_t bytes_equal(uint64_t word, char c)
{
    return bytes_below(word ^ EACH_BYTE((unsigned char)c), 1);
}

static bool is_plain(char c)
{
    return c != '"' && c != '\\' && (unsigned char)c >= ' ';
}

/* How many bytes up to a quote, an escape or a control character, eight at a time; `wide` gets a
 * bit when there may be some that are not ASCII. */
static size_t plain_run(const char *at, const char *end, uint64_t *wide)
{
    const char *start = at;
    uint64_t word;
    for (; end - at >= (ptrdiff_t)sizeof word; at += sizeof word) {
        memcpy(&word, at, sizeof word);
        word = le64toh(word);
        uint64_t special =
            bytes_equal(word, '"') | bytes_equal(word, '\\') | bytes_below(word, ' ');
        *wide |= word & HIGH_BITS;
        if (special)
            return (size_t)(at - start) + (size_t)__builtin_ctzll(special) / 8;
    }
    for (; at < end && is_plain(*at); at++)
        *wide |= (unsigned char)*at & 0x80;
    return (size_t)(at - start);
}

/* Four hexadecimal digits. */
static bool hex4(struct json_source *source, uint32_t *unit)
{
    uint32_t value = 0;
    if (source->end - source->at < 4)
        return json_malformed(source, "an escape that is cut off");
    for (int i = 0; i < 4; i++) {
        char c = source->at[i];
        uint32_t digit = c >= '0' && c <= '9'   ? (uint32_t)(c - '0')
                         : c >= 'a' && c <= 'f' ? (uint32_t)(c - 'a' + 10)
                         : c >= 'A' && c <= 'F' ? (uint32_t)(c - 'A' + 10)
                                                : 16;
        if (digit > 15)
            return json_malformed(source, "an escape that is no hexadecimal number");
        value = value << 4 | digit;
    }
    source->at += 4;
    *unit = value;
    return true;
}

static void add_utf8(struct buffer *out, uint32_t code)
{
    if (code < 0x80) {
        buffer_add_char(out, (char)code);
        return;
    }
    if (code < 0x800) {
        buffer_add_char(out, (char)(0xc0 | code >> 6));
    } else {
        if (code < 0x10000) {
            buffer_add_char(out, (char)(0xe0 | code >> 12));
        } else {
            buffer_add_char(out, (char)(0xf0 | code >> 18));
            buffer_add_char(out, (char)(0x80 | (code >> 12 & 63)));
        }
        buffer_add_char(out, (char)(0x80 | (code >> 6 & 63)));
    }
    buffer_add_char(out, (char)(0x80 | (code & 63)));
}

/* A character behind \u; one above U+FFFF comes as two (RFC 8259 section 7). */
static bool unicode_escape(struct json_source *source, struct buffer *out)
{
    uint32_t high, low;
    if (!hex4(source, &high))
        return false;
    if (high < 0xd800 || high > 0xdfff) {
        add_utf8(out, high);
        return true;
    }
    if (high > 0xdbff || source->end - source->at < 2 || source->at[0] != '\\' ||
        source->at[1] != 'u')
        return json_malformed(source, "a lone surrogate");
    source->at += 2;
    if (!hex4(source, &low))
        return false;
    if (low < 0xdc00 || low > 0xdfff)
        return json_malformed(source, "a lone surrogate");
    add_utf8(out, 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00));
    return true;
}

static bool escape(struct json_source *source, struct buffer *out)
{
    static const char letters[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    char letter = source->at < source->end ? *source->at : '\0';
    const char *found = letter ? strchr(letters, letter) : NULL;
    if (letter == 'u') {
        source->at++;
        return unicode_escape(source, out);
    }
    if (!found)
        return json_malformed(source, "an unknown escape");
    source->at++;
    buffer_add_char(out, meanings[found - letters]);
    return true;
}

/* The rest of a string, from its first escape on. */
static bool escaped_string(struct json_source *source, struct text plain, uint64_t wide,
                           struct text *text)
{
    struct buffer out;
    buffer_init(&out, source->arena, plain.bytes * 2 + 32);
    buffer_add_text(&out, plain);
    while (source->at < source->end && *source->at == '\\') {
        source->at++;
        if (!escape(source, &out))
            return false;
        size_t run = plain_run(source->at, source->end, &wide);
        buffer_add(&out, source->at, run);
        source->at += run;
    }
    if (out.full)
        return json_no_memory(source);
    *text = buffer_text(&out);
    return !wide || text_is_utf8(*text) || json_malformed(source, "a string that is not UTF-8");
}

bool json_string(struct json_source *source, struct text *text)
{
    uint64_t wide = 0;
    if (!json_take(source, '"'))
        return json_malformed(source, "no string where one is due");
    struct text plain = {source->at, plain_run(source->at, source->end, &wide)};
    source->at += plain.bytes;
    if (source->at < source->end && *source->at == '\\') {
        if (!escaped_string(source, plain, wide, text))
            return false;
    } else if (wide && !text_is_utf8(plain)) {
        return json_malformed(source, "a string that is not UTF-8");
    } else {
        *text = plain;
    }
    if (source->at == source->end || *source->at != '"')
        return json_malformed(source, "a string that does not end, or a control character in it");
    source->at++;
    return true;
}

bool json_number(struct json_source *source, struct text *raw)
{
    json_peek(source);
    size_t bytes = json_number_bytes(source->at, source->end);
    if (bytes == 0)
        return json_malformed(source, "no value where one is due");
    *raw = (struct text){source->at, bytes};
    source->at += bytes;
    return true;
}

bool json_finish(struct json_source *source)
{
    json_peek(source);
    return source->at == source->end || json_malformed(source, "text behind its end");
}

bool json_enter(struct json_source *source, char open)
{
    if (!json_take(source, open))
        return json_malformed(source, open == '{' ? "no object where one is due"
                                                  : "no array where one is due");
    if (++source->depth > source->limits.depth)
        return json_malformed(source, "too many levels");
    return true;
}

bool json_next(struct json_source *source, char close, bool *first)
{
    if (json_take(source, close)) {
        source->depth--;
        return false;
    }
    if (!*first && !json_take(source, ',')) {
        (void)!json_malformed(source, "no comma where one is due");
        return false;
    }
    *first = false;
    return true;
}

bool json_name(struct json_source *source, struct text *name)
{
    if (!json_string(source, name))
        return false;
    return json_take(source, ':') || json_malformed(source, "no colon where one is due");
}

static bool skip_object(struct json_source *source)
{
    struct json_name_set names = {0};
    struct text name;
    if (!json_enter(source, '{'))
        return false;
    for (bool first = true; json_next(source, '}', &first);)
        if (!json_name(source, &name) || !json_name_set_add(&names, name, source) ||
            !json_skip(source))
            return false;
    return !source->broken;
}

static bool skip_array(struct json_source *source)
{
    if (!json_enter(source, '['))
        return false;
    for (bool first = true; json_next(source, ']', &first);)
        if (!json_skip(source))
            return false;
    return !source->broken;
}

bool json_skip(struct json_source *source)
{
    struct text text;
    switch (json_peek(source)) {
    case '{':
        return skip_object(source);
    case '[':
        return skip_array(source);
    case '"':
        return json_string(source, &text);
    case 't':
        return json_take_word(source, "true") || json_malformed(source, "an unknown word");
    case 'f':
        return json_take_word(source, "false") || json_malformed(source, "an unknown word");
    case 'n':
        return json_take_word(source, "null") || json_malformed(source, "an unknown word");
    default:
        return json_number(source, &text);
    }
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
    buffer_add_char(out, "0123456789abcdef"[(unsigned char)c >> 4]);
    buffer_add_char(out, "0123456789abcdef"[c & 15]);
}

/* Room for a string that has nothing to escape, as most, is made once. */
void json_add_string(struct buffer *out, struct text text)
{
    uint64_t wide = 0;
    const char *at = text.at, *end = text.at + text.bytes;
    if (!buffer_reserve(out, text.bytes + 2))
        return;
    out->at[out->bytes++] = '"';
    while (at < end) {
        size_t run = plain_run(at, end, &wide);
        buffer_add(out, at, run);
        at += run;
        if (at < end)
            add_escape(out, *at++);
    }
    buffer_add_char(out, '"');
}
