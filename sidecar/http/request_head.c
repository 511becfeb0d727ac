/* SPDX-License-Identifier: MIT */
#include "http/request_head.h"

#include "base/ascii.h"
#include "http/syntax.h"

#include "base/banned.h"

/* The next line, without its end; false when no line is complete. */
static bool take_line(struct text *rest, struct text *line)
{
    const char *end = rest->size ? memmem(rest->data, rest->size, "\r\n", 2) : NULL;
    if (!end)
        return false;
    *line = (struct text){rest->data, (size_t)(end - rest->data)};
    *rest = text_skip(*rest, line->size + 2);
    return true;
}

static unsigned read_request_line(struct text line, struct http_head *head)
{
    struct text target;
    if (!text_take_until(&line, ' ', &head->method) || !http1_is_token(head->method) ||
        !text_take_until(&line, ' ', &target) || !text_consists_of(target, ascii_is_visible) ||
        !text_starts_with(target, text_literal("/")))
        return 400;
    if (line.size != sizeof "HTTP/1.1" - 1 || !text_starts_with(line, text_literal("HTTP/1.")))
        return 505;
    text_take_part(&target, '?', &head->path);
    head->query = target;
    return 0;
}

static unsigned read_length(struct text value, struct http_head *head)
{
    uint64_t length;
    if (!text_to_u64(value, &length) || (head->has_length && head->body_bytes != length))
        return 400;
    head->has_length = true;
    head->body_bytes = length;
    return 0;
}

/* A second Host makes a request invalid (RFC 9112 section 3.2). */
static unsigned keep_field(struct text name, struct text value, struct http_head *head)
{
    const struct {
        const char *name;
        struct text *value;
        bool is_unique;
    } kept[] = {{"accept", &head->accept, false},
                {"host", &head->host, true},
                {"origin", &head->origin, false},
                {"sec-fetch-site", &head->sec_fetch_site, false}};
    for (size_t i = 0; i < array_length(kept); i++) {
        if (!text_equal_nocase(name, text_of(kept[i].name)))
            continue;
        if (kept[i].value->data)
            return kept[i].is_unique ? 400 : 0;
        *kept[i].value = value;
    }
    return 0;
}

/* Fields that neither delimit the body nor are kept do not matter. */
static unsigned read_field(struct text line, struct http_head *head)
{
    struct text name;
    if (!text_take_until(&line, ':', &name) || !http1_is_token(name))
        return 400;
    if (text_equal_nocase(name, text_literal("transfer-encoding")))
        return 411;
    if (text_equal_nocase(name, text_literal("content-length")))
        return read_length(text_trim(line), head);
    return keep_field(name, text_trim(line), head);
}

unsigned http_head_read(struct text bytes, struct http_head *head)
{
    struct http_head made = {.body_bytes = 0};
    struct text line;
    if (!take_line(&bytes, &line))
        return 400;
    unsigned refusal = read_request_line(line, &made);
    while (refusal == 0 && take_line(&bytes, &line)) {
        if (line.size == 0) {
            *head = made;
            return 0;
        }
        refusal = read_field(line, &made);
    }
    return refusal ? refusal : 400;
}

/* The part before the next separator, or all that is left; false when nothing is. */
static bool take_part(struct text *rest, char separator, struct text *part)
{
    if (rest->size == 0)
        return false;
    text_take_part(rest, separator, part);
    *part = text_trim(*part);
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
    while (take_part(&parameters, ';', &value)) {
        if (!take_part(&value, '=', &name))
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
    while (take_part(&list, ',', &element))
        if (take_part(&element, ';', &name) && text_equal_nocase(name, media_type) &&
            parameters_allow(element, version))
            return true;
    return false;
}
