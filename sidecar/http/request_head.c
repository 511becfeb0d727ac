/* SPDX-License-Identifier: MIT */
#include "http/request_head.h"

#include "base/banned.h"

/* The characters of RFC 9110 section 5.6.2's token. */
static bool is_token(struct text text)
{
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        bool alphanumeric = (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
        if (!alphanumeric && (c == '\0' || !strchr("!#$%&'*+-.^_`|~", c)))
            return false;
    }
    return text.size > 0;
}

static bool is_visible(struct text text)
{
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] <= ' ' || text.data[i] > '~')
            return false;
    return text.size > 0;
}

/* What stands before the first `end`, which is taken as well; false when there is none. */
static bool take_until(struct text *rest, struct text end, struct text *taken)
{
    const char *at = memmem(rest->data, rest->size, end.data, end.size);
    if (!at)
        return false;
    *taken = (struct text){rest->data, (size_t)(at - rest->data)};
    *rest = (struct text){at + end.size, rest->size - taken->size - end.size};
    return true;
}

static unsigned read_request_line(struct text line, struct http_head *head)
{
    struct text target;
    if (!take_until(&line, text_literal(" "), &head->method) || !is_token(head->method) ||
        !take_until(&line, text_literal(" "), &target) || !is_visible(target) ||
        target.data[0] != '/')
        return 400;
    if (line.size != sizeof "HTTP/1.1" - 1 ||
        memcmp(line.data, "HTTP/1.", sizeof "HTTP/1." - 1) != 0)
        return 505;
    head->path = target;
    if (take_until(&target, text_literal("?"), &head->path))
        head->query = target;
    return 0;
}

static struct text trim(struct text text)
{
    while (text.size > 0 && (*text.data == ' ' || *text.data == '\t'))
        text = (struct text){text.data + 1, text.size - 1};
    while (text.size > 0 && (text.data[text.size - 1] == ' ' || text.data[text.size - 1] == '\t'))
        text.size--;
    return text;
}

/* Of the fields only those matter that say where the body ends, and what is accepted. */
static unsigned read_field(struct text line, struct http_head *head)
{
    struct text name;
    uint64_t length;
    if (!take_until(&line, text_literal(":"), &name) || !is_token(name))
        return 400;
    if (text_equal_nocase(name, text_literal("transfer-encoding")))
        return 411;
    if (text_equal_nocase(name, text_literal("accept")) && head->accept.size == 0)
        head->accept = trim(line);
    if (!text_equal_nocase(name, text_literal("content-length")))
        return 0;
    if (!text_to_u64(trim(line), &length) || (head->body_bytes && head->body_bytes != length))
        return 400;
    head->body_bytes = length;
    return 0;
}

unsigned http_head_read(struct text bytes, struct http_head *head)
{
    struct http_head made = {.body_bytes = 0};
    struct text line;
    if (!take_until(&bytes, text_literal("\r\n"), &line))
        return 400;
    unsigned refusal = read_request_line(line, &made);
    while (refusal == 0 && take_until(&bytes, text_literal("\r\n"), &line)) {
        if (line.size == 0) {
            *head = made;
            return 0;
        }
        refusal = read_field(line, &made);
    }
    return refusal ? refusal : 400;
}

/* The part before the next `end`, or all that is left; false when nothing is. */
static bool take_part(struct text *rest, struct text end, struct text *part)
{
    if (rest->size == 0)
        return false;
    if (!take_until(rest, end, part)) {
        *part = *rest;
        rest->size = 0;
    }
    *part = trim(*part);
    return true;
}

/* "q=0", "q=0.000": what is named in order to be refused. */
static bool is_zero(struct text weight)
{
    for (size_t i = 0; i < weight.size; i++)
        if (weight.data[i] != '0' && weight.data[i] != '.')
            return false;
    return true;
}

static bool parameters_allow(struct text parameters, struct text version)
{
    struct text value, name;
    while (take_part(&parameters, text_literal(";"), &value)) {
        if (!take_part(&value, text_literal("="), &name))
            continue;
        if ((text_equal_nocase(name, text_literal("version")) && !text_equal(value, version)) ||
            (text_equal_nocase(name, text_literal("q")) && is_zero(value)))
            return false;
    }
    return true;
}

bool http_head_accepts(const struct http_head *head, struct text media_type, struct text version)
{
    struct text list = head->accept, element, name;
    while (take_part(&list, text_literal(","), &element))
        if (take_part(&element, text_literal(";"), &name) && text_equal_nocase(name, media_type) &&
            parameters_allow(element, version))
            return true;
    return false;
}
