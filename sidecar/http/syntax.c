/* SPDX-License-Identifier: MIT */
#include "http/syntax.h"

#include "base/ascii.h"
#include "base/compiler.h"

#include "base/banned.h"

__extension__ static const bool is_tchar[256] = {
    ['!'] = true,         ['#' ... '\''] = true, ['*'] = true,         ['+'] = true,
    ['-'] = true,         ['.'] = true,          ['0' ... '9'] = true, ['A' ... 'Z'] = true,
    ['^' ... 'z'] = true, ['|'] = true,          ['~'] = true,
};

__extension__ static const bool is_value_byte[256] = {
    ['\t'] = true, [' ' ... '~'] = true, [0x80 ... 0xff] = true};

bool http1_is_token(struct text text)
{
    return text.size > 0 && text_span(text, is_tchar) == text.size;
}

/* As many bytes as every processor we build for compares at once. */
typedef unsigned char block __attribute__((vector_size(16)));
typedef signed char lanes __attribute__((vector_size(16)));

/* All ones in each lane whose byte is 0x20 to 0x7e: one more than it, as a signed number, is above
 * 0x20, since 0x7f wraps to the least number and what is above 0x7f is negative or zero. */
static lanes plain_lanes(const char *at)
{
    block bytes;
    memcpy(&bytes, at, sizeof bytes);
    return (lanes)(bytes + 1) > 0x20;
}

/* True for ASCII without control characters, at least a block of it; the last block may overlap
 * the one before. */
static bool is_plain(struct text text)
{
    const char *last = text.data + text.size - sizeof(block);
    lanes plain = plain_lanes(last);
    for (const char *at = text.data; at < last; at += sizeof(block))
        plain &= plain_lanes(at);

    uint64_t halves[2];
    memcpy(halves, &plain, sizeof halves);
    return (halves[0] & halves[1]) == UINT64_MAX;
}

bool http1_is_field_value(struct text text)
{
    return (text.size >= sizeof(block) && is_plain(text)) ||
           text_span(text, is_value_byte) == text.size;
}

/* "1 200" and, after a space, whatever reason. */
static bool is_status_line(struct text line)
{
    return line.size >= 5 && ascii_is_digit(line.data[0]) && line.data[1] == ' ' &&
           ascii_is_digit(line.data[2]) && ascii_is_digit(line.data[3]) &&
           ascii_is_digit(line.data[4]) && (line.size == 5 || line.data[5] == ' ') &&
           http1_is_field_value(line);
}

bool http1_read_status_line(struct text line, unsigned *minor_version, unsigned *code,
                            struct status *status)
{
    if (!is_status_line(line))
        return status_fail(status, STATUS_UNKNOWN,
                           "the response's first line is not of the form \"HTTP/1.1 200 OK\"");
    unsigned number = 0;
    for (size_t i = 2; i < 5; i++)
        number = number * 10 + (unsigned)(line.data[i] - '0');
    if (number < 100 || number > 599)
        return status_fail(status, STATUS_UNKNOWN,
                           "the response's HTTP status is %03u; HTTP defines 100 to 599", number);
    *minor_version = (unsigned)(line.data[0] - '0');
    *code = number;
    return true;
}

bool http1_read_field_line(struct text line, struct http_field *field, struct status *status)
{
    if (line.size > 0 && ascii_is_blank(line.data[0]))
        return status_fail(status, STATUS_UNKNOWN,
                           "a field of the response is folded over several lines");
    size_t name = text_span(line, is_tchar);
    if (name == 0 || name == line.size || line.data[name] != ':')
        return status_fail(status, STATUS_UNKNOWN,
                           "a field line of the response does not begin with a name and a colon");
    /* Name and colon are made of a value's bytes too, and a whole line is looked at faster. */
    if (!http1_is_field_value(line))
        return status_fail(status, STATUS_UNKNOWN,
                           "a field of the response holds a control character");
    field->name = (struct text){line.data, name};
    field->value = text_trim(text_skip(line, name + 1));
    return true;
}

/* None, or whitespace that has to be taken (RFC 9110 section 5.6.3) and what a semicolon begins. */
static bool is_extension(struct text text)
{
    struct text extension = text_trim(text);
    return text.size == 0 ||
           (text_starts_with(extension, text_literal(";")) && http1_is_field_value(extension));
}

bool http1_read_chunk_line(struct text line, uint64_t *size, size_t *extension_bytes,
                           struct status *status)
{
    uint64_t sum = 0;
    size_t digits = 0;
    for (int digit; digits < line.size && (digit = ascii_hex_value(line.data[digits])) >= 0;
         digits++)
        sum = sum << 4 | (unsigned)digit;
    if (digits == 0 || digits > HTTP1_CHUNK_DIGITS)
        return status_fail(status, STATUS_UNKNOWN,
                           "the size of a chunk of the response is not 1 to %d hexadecimal digits",
                           HTTP1_CHUNK_DIGITS);
    struct text rest = text_skip(line, digits);
    if (!is_extension(rest))
        return status_fail(
            status, STATUS_UNKNOWN,
            "the size of a chunk of the response is followed by something other than an extension");
    *size = sum;
    *extension_bytes = rest.size;
    return true;
}

static bool note_content_length(struct text value, struct http1_framing *framing,
                                struct status *status)
{
    uint64_t length;
    if (!text_to_u64(value, &length))
        return status_fail(status, STATUS_UNKNOWN,
                           "the response's Content-Length is not one decimal number below 2^64");
    if (framing->has_length && framing->length != length)
        return status_fail(status, STATUS_UNKNOWN,
                           "the response has two Content-Length fields that differ");
    framing->has_length = true;
    framing->length = length;
    return true;
}

static bool note_transfer_encoding(struct text value, struct http1_framing *framing,
                                   struct status *status)
{
    if (framing->chunked || !text_equal_nocase(value, text_literal("chunked")))
        return status_fail(
            status, STATUS_UNKNOWN,
            "the response's Transfer-Encoding is not chunked alone, and nothing else "
            "was offered");
    framing->chunked = true;
    return true;
}

/* Takes the first element of a list (RFC 9110 section 5.6.1), without the whitespace around it;
 * false when nothing is left. */
static bool next_element(struct text *list, struct text *element)
{
    if (list->size == 0)
        return false;
    text_take_part(list, ',', element);
    *element = text_trim(*element);
    return true;
}

/* A list of options, of which two have a meaning here (RFC 9112 section 9.3). */
static bool note_connection(struct text value, struct http1_framing *framing, struct status *status)
{
    (void)status;
    struct text option;
    while (next_element(&value, &option)) {
        framing->close |= text_equal_nocase(option, text_literal("close"));
        framing->keep_alive |= text_equal_nocase(option, text_literal("keep-alive"));
    }
    return true;
}

/* "timeout=5, max=100". */
static bool note_keep_alive(struct text value, struct http1_framing *framing, struct status *status)
{
    (void)status;
    static const struct text name = text_literal("timeout=");
    struct text parameter;
    while (next_element(&value, &parameter)) {
        if (parameter.size <= name.size ||
            !text_equal_nocase((struct text){parameter.data, name.size}, name))
            continue;
        struct text digits = {parameter.data + name.size, parameter.size - name.size};
        framing->has_idle_limit |= text_to_u64(digits, &framing->idle_limit_s);
    }
    return true;
}

static const struct {
    struct text name;
    bool (*note)(struct text value, struct http1_framing *framing, struct status *status);
} framing_fields[] = {
    {{"Content-Length", 14}, note_content_length},
    {{"Transfer-Encoding", 17}, note_transfer_encoding},
    {{"Connection", 10}, note_connection},
    {{"Keep-Alive", 10}, note_keep_alive},
};

bool http1_note_framing(const struct http_field *field, struct http1_framing *framing,
                        struct status *status)
{
    for (size_t i = 0; i < array_length(framing_fields); i++)
        if (field->name.size == framing_fields[i].name.size &&
            text_equal_nocase(field->name, framing_fields[i].name))
            return framing_fields[i].note(field->value, framing, status);
    return true;
}
