/* SPDX-License-Identifier: MIT */
#include "http2/header_field.h"

#include <string.h>

#include "base/ascii.h"
#include "base/base64.h"
#include "http2/header_block.h"

#include "base/banned.h"

enum character {
    NAME = 1,      /* of a field's name */
    AUTHORITY = 2, /* of a host and port */
};

static const uint8_t characters[256] = {
    ['!'] = NAME | AUTHORITY,
    ['#'] = NAME,
    ['$'] = NAME | AUTHORITY,
    ['%'] = NAME | AUTHORITY,
    ['&'] = NAME | AUTHORITY,
    ['\''] = NAME | AUTHORITY,
    ['('] = AUTHORITY,
    [')'] = AUTHORITY,
    ['*'] = NAME | AUTHORITY,
    ['+'] = NAME | AUTHORITY,
    [','] = AUTHORITY,
    ['-'] = NAME | AUTHORITY,
    ['.'] = NAME | AUTHORITY,
    [':'] = AUTHORITY,
    [';'] = AUTHORITY,
    ['='] = AUTHORITY,
    ['['] = AUTHORITY,
    [']'] = AUTHORITY,
    ['^'] = NAME,
    ['_'] = NAME | AUTHORITY,
    ['`'] = NAME,
    ['|'] = NAME,
    ['~'] = NAME | AUTHORITY,
    ['0' ... '9'] = NAME | AUTHORITY,
    ['a' ... 'z'] = NAME | AUTHORITY,
    ['A' ... 'Z'] = AUTHORITY,
};

static bool all_are(struct text text, enum character kind)
{
    for (size_t i = 0; i < text.size; i++)
        if (!(characters[(uint8_t)text.data[i]] & kind))
            return false;
    return true;
}

bool header_name_is_legal(struct text name)
{
    return name.size > 0 && all_are(name, NAME);
}

bool header_authority_is_legal(struct text authority)
{
    return authority.size > 0 && all_are(authority, AUTHORITY);
}

#define EACH_BYTE(value) (UINT64_C(0x0101010101010101) * (value))

/* A byte that is allowed is `bound` or more, not DEL, and has none of the bits of `forbidden`. */
struct byte_class {
    uint64_t bound, forbidden; /* in each byte of a word */
};
static const struct byte_class printable = {EACH_BYTE(' '), 0};
static const struct byte_class visible = {EACH_BYTE(' ' + 1), EACH_BYTE(0x80)};

/* Not 0 when one of the eight bytes is not allowed. */
static inline uint64_t find_other(uint64_t word, struct byte_class class)
{
    uint64_t deleted = word ^ EACH_BYTE(0x7f);
    uint64_t low = (word - class.bound) & ~word;
    uint64_t zero = (deleted - EACH_BYTE(1)) & ~deleted;
    return ((low | zero) & EACH_BYTE(0x80)) | (word & class.forbidden);
}

static uint64_t word_at(const char *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof word);
    return word;
}

/* Bytes of less than a word, filled up with a letter. */
static uint64_t short_word(struct text text)
{
    uint64_t word = EACH_BYTE('a');
    memcpy(&word, text.data, text.size);
    return word;
}

/* Eight at a time; the last eight may overlap others. */
static bool all_are_of(struct text text, struct byte_class class)
{
    if (text.size < sizeof(uint64_t))
        return text.size == 0 || !find_other(short_word(text), class);
    uint64_t found = find_other(word_at(text.data + text.size - sizeof(uint64_t)), class);
    for (size_t at = 0; at + sizeof(uint64_t) < text.size; at += sizeof(uint64_t))
        found |= find_other(word_at(text.data + at), class);
    return !found;
}

/* The rare value with a control character, which HTAB also is. */
static bool only_tabs_are_control(struct text value)
{
    for (size_t i = 0; i < value.size; i++)
        if (((uint8_t)value.data[i] < ' ' && value.data[i] != '\t') || value.data[i] == 0x7f)
            return false;
    return true;
}

bool header_value_is_legal(struct text value)
{
    if (value.size == 0)
        return true;
    if (ascii_is_blank(value.data[0]) || ascii_is_blank(value.data[value.size - 1]))
        return false;
    return all_are_of(value, printable) || only_tabs_are_control(value);
}

bool header_value_is_visible(struct text value)
{
    return all_are_of(value, visible);
}

static struct text without_padding(struct text encoded)
{
    if (encoded.size % 4 == 0)
        for (int i = 0; i < 2 && encoded.size > 0 && encoded.data[encoded.size - 1] == '='; i++)
            encoded.size--;
    return encoded;
}

static bool is_base64(struct text encoded)
{
    static const int unused_bits[] = {[2] = 0xf, [3] = 0x3};
    for (size_t i = 0; i < encoded.size; i++)
        if (base64_value(encoded.data[i]) < 0)
            return false;
    size_t last = encoded.size % 4;
    return last == 0 ||
           (last > 1 && !(base64_value(encoded.data[encoded.size - 1]) & unused_bits[last]));
}

bool header_write_binary(struct output *block, struct text name, struct text value)
{
    for (bool more = true; more;) {
        struct text part;
        more = text_take_part(&value, ',', &part);
        struct text encoded = without_padding(text_trim(part));
        if (!is_base64(encoded))
            return false;
        header_write(block, name, encoded);
    }
    return true;
}
