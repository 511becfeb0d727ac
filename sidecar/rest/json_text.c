/* SPDX-License-Identifier: MIT */
#include "rest/json_text.h"

#include <string.h>

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
    source->malformed = true;
    return status_fail(source->status, STATUS_INVALID_ARGUMENT, "the JSON has %s at byte %zu", what,
                       (size_t)(source->at - source->start));
}

static bool no_memory(struct json_source *source)
{
    source->malformed = true;
    return status_fail(source->status, STATUS_RESOURCE_EXHAUSTED,
                       "no memory left for the JSON at byte %zu",
                       (size_t)(source->at - source->start));
}

char json_peek(struct json_source *source)
{
    while (source->at < source->end && (*source->at == ' ' || *source->at == '\n' ||
                                        *source->at == '\r' || *source->at == '\t'))
        source->at++;
    return source->at < source->end ? *source->at : '\0';
}

bool json_take(struct json_source *source, char c)
{
    if (json_peek(source) != c || source->at == source->end)
        return false;
    source->at++;
    return true;
}

bool json_take_word(struct json_source *source, const char *word)
{
    size_t bytes = strlen(word);
    json_peek(source);
    if ((size_t)(source->end - source->at) < bytes || memcmp(source->at, word, bytes) != 0)
        return false;
    source->at += bytes;
    return true;
}

/* How many bytes up to a quote, an escape or a control character; `wide` when some are not ASCII.
 */
static size_t plain_run(const char *at, const char *end, bool *wide)
{
    const char *start = at;
    unsigned char seen = 0;
    for (; at < end && *at != '"' && *at != '\\' && (unsigned char)*at >= ' '; at++)
        seen |= (unsigned char)*at;
    *wide = *wide || seen >= 0x80;
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
static bool escaped_string(struct json_source *source, struct text plain, bool wide,
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
        return no_memory(source);
    *text = buffer_text(&out);
    return !wide || text_is_utf8(*text) || json_malformed(source, "a string that is not UTF-8");
}

bool json_string(struct json_source *source, struct text *text)
{
    bool wide = false;
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

static size_t digits(const char *at, const char *end)
{
    const char *start = at;
    while (at < end && *at >= '0' && *at <= '9')
        at++;
    return (size_t)(at - start);
}

/* RFC 8259 section 6. Bytes of the number at `at`; 0 when there is none. */
static size_t number_bytes(const char *at, const char *end)
{
    const char *start = at;
    if (at < end && *at == '-')
        at++;
    size_t whole = digits(at, end);
    if (whole == 0 || (whole > 1 && *at == '0'))
        return 0;
    at += whole;
    if (at < end && *at == '.') {
        size_t fraction = digits(at + 1, end);
        if (fraction == 0)
            return 0;
        at += 1 + fraction;
    }
    if (at < end && (*at == 'e' || *at == 'E')) {
        at++;
        if (at < end && (*at == '+' || *at == '-'))
            at++;
        size_t exponent = digits(at, end);
        if (exponent == 0)
            return 0;
        at += exponent;
    }
    return (size_t)(at - start);
}

bool json_number(struct json_source *source, struct text *raw)
{
    json_peek(source);
    size_t bytes = number_bytes(source->at, source->end);
    if (bytes == 0)
        return json_malformed(source, "no value where one is due");
    *raw = (struct text){source->at, bytes};
    source->at += bytes;
    return true;
}

bool json_is_number(struct text text)
{
    return text.bytes > 0 && number_bytes(text.at, text.at + text.bytes) == text.bytes;
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
        if (!json_name(source, &name) || !json_name_once(source, &names, name) ||
            !json_skip(source))
            return false;
    return !source->malformed;
}

static bool skip_array(struct json_source *source)
{
    if (!json_enter(source, '['))
        return false;
    for (bool first = true; json_next(source, ']', &first);)
        if (!json_skip(source))
            return false;
    return !source->malformed;
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

/* FNV-1a; who chooses the names can make it slow, but only as slow as limits.names allows. */
static size_t hash(struct text name)
{
    uint64_t sum = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < name.bytes; i++)
        sum = (sum ^ (unsigned char)name.at[i]) * UINT64_C(1099511628211);
    return (size_t)(sum ^ sum >> 32);
}

/* The place of that name, or the free one for it. */
static struct text *slot_of(const struct json_name_set *set, struct text name)
{
    size_t index = hash(name) & (set->room - 1);
    while (set->slots[index].at && !text_equal(set->slots[index], name))
        index = (index + 1) & (set->room - 1);
    return &set->slots[index];
}

static bool make_room(struct json_source *source, struct json_name_set *set)
{
    if (set->count * 2 < set->room)
        return true;
    struct json_name_set larger = {.room = set->room ? set->room * 2 : 16, .count = set->count};
    larger.slots = arena_zalloc(source->arena, larger.room * sizeof *larger.slots);
    if (!larger.slots)
        return no_memory(source);
    for (size_t i = 0; i < set->room; i++)
        if (set->slots[i].at)
            *slot_of(&larger, set->slots[i]) = set->slots[i];
    *set = larger;
    return true;
}

bool json_name_once(struct json_source *source, struct json_name_set *set, struct text name)
{
    if (set->count == source->limits.names)
        return json_malformed(source, "too many members in one object");
    if (!make_room(source, set))
        return false;
    struct text *slot = slot_of(set, name);
    if (slot->at)
        return json_malformed(source, "the same member twice");
    *slot = name;
    set->count++;
    return true;
}

/* A number's parts: digits × 10^exponent. */
struct decimal {
    bool negative;
    uint64_t digits;
};

/* Above it no 64-bit number can be, and below it only zero. */
#define LARGEST_EXPONENT 400

static long read_exponent(const char *at, const char *end)
{
    bool negative = at < end && *at == '-';
    long exponent = 0;
    if (at < end && (*at == '-' || *at == '+'))
        at++;
    for (; at < end && exponent < LARGEST_EXPONENT * 10; at++)
        exponent = exponent * 10 + (*at - '0');
    return negative ? -exponent : exponent;
}

static bool shift(uint64_t *number, long exponent)
{
    for (; exponent > 0 && *number > 0; exponent--)
        if (__builtin_mul_overflow(*number, 10U, number))
            return false;
    return exponent >= 0 || *number == 0;
}

/* Digits around a point; zeros at the fraction's end say nothing. */
static bool read_decimal(struct text raw, struct decimal *decimal)
{
    const char *at = raw.at, *end = raw.at + raw.bytes;
    long exponent = 0;
    *decimal = (struct decimal){.negative = *at == '-'};
    at += decimal->negative;
    const char *mantissa_end = at;
    while (mantissa_end < end && *mantissa_end != 'e' && *mantissa_end != 'E')
        mantissa_end++;
    if (mantissa_end < end)
        exponent = read_exponent(mantissa_end + 1, end);
    const char *point = memchr(at, '.', (size_t)(mantissa_end - at));
    while (point && mantissa_end[-1] == '0')
        mantissa_end--;
    for (; at < mantissa_end; at++) {
        if (at == point)
            continue;
        if (__builtin_mul_overflow(decimal->digits, 10U, &decimal->digits) ||
            __builtin_add_overflow(decimal->digits, (unsigned)(*at - '0'), &decimal->digits))
            return false;
        exponent -= point && at > point;
    }
    return shift(&decimal->digits, exponent);
}

bool json_to_u64(struct text raw, uint64_t *number)
{
    struct decimal decimal;
    if (text_to_u64(raw, number))
        return true;
    if (!read_decimal(raw, &decimal) || (decimal.negative && decimal.digits > 0))
        return false;
    *number = decimal.digits;
    return true;
}

bool json_to_i64(struct text raw, int64_t *number)
{
    struct decimal decimal;
    if (!read_decimal(raw, &decimal) || decimal.digits > (uint64_t)INT64_MAX + decimal.negative)
        return false;
    *number = decimal.negative ? (int64_t)(0 - decimal.digits) : (int64_t)decimal.digits;
    return true;
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

void json_add_string(struct buffer *out, struct text text)
{
    const char *at = text.at, *end = text.at + text.bytes;
    bool wide = false;
    buffer_add_char(out, '"');
    while (at < end) {
        size_t run = plain_run(at, end, &wide);
        buffer_add(out, at, run);
        at += run;
        if (at < end)
            add_escape(out, *at++);
    }
    buffer_add_char(out, '"');
}
