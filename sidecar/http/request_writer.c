/* SPDX-License-Identifier: MIT */
#include "http/request_writer.h"

#include <assert.h>

#include "http/syntax.h"

#include "base/banned.h"

/* RFC 3986: pchar, "/" and "?". */
__extension__ static const bool target_bytes[256] = {
    ['!'] = true, ['$' ... ';'] = true, ['='] = true, ['?' ... 'Z'] = true,
    ['_'] = true, ['a' ... 'z'] = true, ['~'] = true,
};

/* The characters of uri-host and port (RFC 3986). */
__extension__ static const bool host_bytes[256] = {
    ['!'] = true, ['$' ... '.'] = true, ['0' ... ';'] = true, ['='] = true, ['A' ... '['] = true,
    [']'] = true, ['_'] = true,         ['a' ... 'z'] = true, ['~'] = true,
};

static bool consists_of(struct text text, const bool allowed[256])
{
    return text.size > 0 && text_span(text, allowed) == text.size;
}

/* Fields that delimit the request or say where it goes are written here and nowhere else. */
static const struct text own_fields[] = {
    {"Host", 4}, {"Content-Length", 14}, {"Transfer-Encoding", 17}};

static bool is_own_field(struct text name)
{
    for (size_t i = 0; i < array_length(own_fields); i++)
        if (text_equal_nocase(name, own_fields[i]))
            return true;
    return false;
}

static bool check_field(const struct http_field *field, struct status *status)
{
    if (field->is_checked)
        return true;
    if (!http1_is_token(field->name))
        return status_fail(status, STATUS_INVALID_ARGUMENT,
                           "a name of a request's field is empty or holds a character that HTTP "
                           "does not allow in names");
    if (is_own_field(field->name))
        return status_fail(status, STATUS_INVALID_ARGUMENT,
                           "the request's field %.*s cannot be set: it follows from the request",
                           text_arguments(field->name));
    if (!http1_is_field_value(field->value))
        return status_fail(status, STATUS_INVALID_ARGUMENT,
                           "the value of the request's field %.*s holds a control character",
                           text_arguments(field->name));
    return true;
}

static bool check_request(const struct http_request *request, struct text host,
                          struct status *status)
{
    if (!http1_is_token(request->method))
        return status_fail(status, STATUS_INVALID_ARGUMENT,
                           "the request's method is not an HTTP token");
    if (!consists_of(request->target, target_bytes) || request->target.data[0] != '/')
        return status_fail(status, STATUS_INVALID_ARGUMENT,
                           "the request's target does not begin with / or holds a character that "
                           "has to be percent-encoded");
    if (!consists_of(host, host_bytes))
        return status_fail(status, STATUS_INVALID_ARGUMENT,
                           "the request's host is not of the form host or host:port");
    for (size_t i = 0; i < request->field_count; i++)
        if (!check_field(&request->fields[i], status))
            return false;
    return true;
}

/* The fixed text around the request's own parts. */
#define VERSION_AND_HOST " HTTP/1.1\r\nHost: "
#define CONTENT_LENGTH "\r\nContent-Length: "
#define HEAD_END "\r\n\r\n"

/* The size of the request without the values of its secret fields. */
static size_t block_bytes(const struct http_request *request, struct text host,
                          struct text content_length)
{
    size_t bytes = request->method.size + sizeof " " - 1 + request->target.size +
                   sizeof VERSION_AND_HOST - 1 + host.size + content_length.size + sizeof HEAD_END -
                   1 + request->body.size;
    for (size_t i = 0; i < request->field_count; i++) {
        const struct http_field *field = &request->fields[i];
        bytes += sizeof "\r\n: " - 1 + field->name.size;
        bytes += field->is_secret ? 0 : field->value.size;
    }
    return bytes;
}

static char *put(char *at, struct text piece)
{
    if (piece.size > 0)
        memcpy(at, piece.data, piece.size);
    return at + piece.size;
}

/* Adds the part of the block that ends at `at`, and returns the beginning of the next one. */
static const char *end_part(struct http_bytes *bytes, const char *begin, const char *at)
{
    http_bytes_add(bytes, (struct text){begin, (size_t)(at - begin)});
    return at;
}

static const char *put_request(char *at, const struct http_request *request, struct text host,
                               struct text content_length, struct http_bytes *bytes)
{
    const char *part = at;
    at = put(at, request->method);
    at = put(at, text_literal(" "));
    at = put(at, request->target);
    at = put(at, text_literal(VERSION_AND_HOST));
    at = put(at, host);
    for (size_t i = 0; i < request->field_count; i++) {
        const struct http_field *field = &request->fields[i];
        at = put(at, text_literal("\r\n"));
        at = put(at, field->name);
        at = put(at, text_literal(": "));
        if (field->is_secret) {
            part = end_part(bytes, part, at);
            http_bytes_add(bytes, field->value);
        } else {
            at = put(at, field->value);
        }
    }
    at = put(at, content_length);
    at = put(at, text_literal(HEAD_END));
    at = put(at, request->body);
    return end_part(bytes, part, at);
}

/* The whole line behind the line break that it begins with; nothing for a request without a body.
 */
static struct text write_content_length(const struct http_request *request,
                                        char line[sizeof CONTENT_LENGTH + DECIMAL_BYTES])
{
    if (!request->has_body)
        return (struct text){line, 0};
    char *number = put(line, text_literal(CONTENT_LENGTH));
    size_t digits = text_from_u64(number, request->body.size);
    return (struct text){line, (size_t)(number - line) + digits};
}

bool http1_request(const struct http_request *request, struct text host, struct arena *arena,
                   struct http_bytes *bytes, struct status *status)
{
    assert(request->field_count <= HTTP_REQUEST_FIELDS);
    assert(request->has_body || request->body.size == 0);
    if (!check_request(request, host, status))
        return false;

    char line[sizeof CONTENT_LENGTH + DECIMAL_BYTES];
    struct text content_length = write_content_length(request, line);
    size_t size = block_bytes(request, host, content_length);
    char *at = arena_alloc(arena, size);
    if (!at)
        return status_fail(status, STATUS_RESOURCE_EXHAUSTED,
                           "the HTTP request of %zu bytes does not fit the call's memory", size);
    *bytes = (struct http_bytes){.count = 0};
    const char *end = put_request(at, request, host, content_length, bytes);
    assert(end == at + size);
    return true;
}
