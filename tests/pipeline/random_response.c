/* SPDX-License-Identifier: MIT */
#include "random_response.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"

#define LONGEST_RESPONSE 20000

/* One of LARGE_EVERY cases has a response that takes far more memory than it has bytes. */
#define LARGE_EVERY 1500
#define LARGE_BYTES (2U << 20)

/* xorshift64*: the same cases each time. */
static uint64_t seed = UINT64_C(0x9e3779b97f4a7c15);

uint64_t random_below(uint64_t below)
{
    seed ^= seed >> 12;
    seed ^= seed << 25;
    seed ^= seed >> 27;
    return seed * UINT64_C(2685821657736338717) % below;
}

#define pick(list) list[random_below(array_length(list))]

static const char *const status_lines[] = {
    "HTTP/1.1 201 Created",     "HTTP/1.1 200 OK",
    "HTTP/1.1 204 No Content",  "HTTP/1.1 302 Found",
    "HTTP/1.1 303 See Other",   "HTTP/1.1 501 No",
    "HTTP/1.1 400 Bad Request", "HTTP/1.1 401 Unauthorized",
    "HTTP/1.1 403 Forbidden",   "HTTP/1.1 404 Not Found",
    "HTTP/1.1 409 Conflict",    "HTTP/1.1 429 Too Many",
    "HTTP/1.1 500 Error",       "HTTP/1.1 502 Bad Gateway",
    "HTTP/1.1 503 Unavailable", "HTTP/1.1 504 Timeout",
    "HTTP/1.1 100 Continue",    "HTTP/1.1 101 Switching",
    "HTTP/1.0 201 Created",     "HTTP/2 201",
    "HTTP/1.1 999 x",           "SSH-2.0-OpenSSH",
};

static const char *const fields[] = {
    "Content-Type: application/json\r\n",
    "X-Request-Id: 0123456789abcdef0123456789abcdef\r\n",
    "X-Request-Id: " TOKEN "\r\n",
    "Retry-After: 3\r\n",
    "Retry-After: 99999999999\r\n",
    "Retry-After: Sun, 06 Nov 1994 08:49:37 GMT\r\n",
    "Date: Sun, 06 Nov 1994 08:49:30 GMT\r\n",
    "Location: https://elsewhere.example/" TOKEN "\r\n",
    "Retry-After: 0\r\n",
    "x-envoy-overloaded: true\r\n",
    "Content-Encoding: gzip\r\n",
    "Content-Encoding: deflate\r\n",
    "Connection: close\r\n",
    "Transfer-Encoding: gzip\r\n",
    "Content-Length: 5\r\n",
    " folded\r\n",
    "Bad Name: x\r\n",
    "X: \x01\r\n",
    TOKEN ": \x01\r\n",
    TOKEN ": 1\r\n",
};

static const char *const bodies[] = {
    "{\"id\":\"c77f5e81d9cb4424bf704ef2b0ac7600\",\"name\":\"api_group_001\",\"status\":1,\"url_"
    "domains\":[]}",
    "{\"id\":\"\"}",
    "{\"name\":\"without an id\"}",
    "{\"id\":7,\"status\":\"" TOKEN "\"}",
    "{\"error_code\":\"APIG.3201\",\"error_msg\":\"The name exists\"}",
    "{\"error_code\":\"APIG.2011\",\"error_msg\":\"Invalid parameter value,parameterName:name. "
    "Please\"}",
    "{\"error_code\":\"APIGW.0308\",\"error_msg\":\"policy ip over ratelimit,limit:5,time:1 "
    "second\",\"request_id\":\"9f\"}",
    "{\"error_code\":\"APIG.9999\",\"error_msg\":\"" TOKEN "\"}",
    "{\"error_code\":\"" TOKEN "\",\"error_msg\":\"x\",\"request_id\":\"" TOKEN "\"}",
    "{\"error\":{\"code\":401,\"message\":\"The request you have made requires "
    "authentication.\",\"title\":\"x\"}}",
    "{\"error_code\":\"APIG.1002\",\"error_msg\":\"Incorrect token\\u0000\\u0001\\n\xe7\xbb\x84\"}",
    "{\"error_msg\":\"\xff\xfe\"}",
    "{\"error_code\":\"APIG.1005\",\"error_msg\":\"<!DOCTYPE html><h1>no<br>\"}",
    "{\"error_code\":\"APIGW.0101\",\"error_msg\":\"no such API\"}",
    "{\"error_code\":\"APIGW.0201\",\"error_msg\":\"gateway\"}",
    "{\"error_code\":\"APIG.9008\",\"error_msg\":\"too many\"}",
    "{\"error_code\":\"APIC.7701\",\"error_msg\":\"busy\\u2028\\u202e\"}",
    "{\"size\":0,\"total\":0,\"groups\":[]}",
    "{\"size\":1,\"total\":1,\"groups\":[{\"id\":\"7\",\"name\":\"name\",\"register_time\":\"2026-"
    "08-04T09:"
    "05:30Z\"}]}",
    "{\"size\":1,\"total\":1,\"groups\":[{\"id\":\"7\",\"name\":\"name\",\"register_time\":\"2020-"
    "08-04T09:"
    "05:30Z\"}]}",
    "{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":[[[[[[[[[[]]]]]]]]]]}}}}}}}}",
    "[{\"error_code\":\"APIG.3201\",\"error_msg\":\"The name exists\"}]",
    "{\"errors\":[{\"error_code\":\"apig.2011\",\"error_msg\":\"" TOKEN "\"}]}",
    "{\"error_msg\":\"{\\\"error_code\\\":\\\"APIG.2011\\\",\\\"error_msg\\\":\\\"" TOKEN
    "\\\"}\"}",
    "\xef\xbb\xbf{\"id\":\"7\"}",
    "\x1f\x8b\x08 not gzip",
    "x\x9c not zlib",
    "<html><title>400 Request Header Or Cookie Too Large</title></html>",
    "<html><body><h1>502 Bad Gateway</h1></body></html>",
    "",
    "[]",
    "null",
};

static size_t put(char *out, size_t used, const char *text)
{
    size_t bytes = strlen(text);
    memcpy(out + used, text, bytes);
    return used + bytes;
}

/* A body of one of the kinds above, or one with words that are far too long. */
static size_t make_body(char *out)
{
    if (random_below(20) > 0)
        return put(out, 0, pick(bodies));
    size_t used = put(out, 0, "{\"error_code\":\"APIG.2011\",\"error_msg\":\"");
    for (uint64_t words = random_below(1500); words > 0; words--)
        used = put(out, used, random_below(2) ? "\xe7\xbb\x84%" : "x ");
    return put(out, used, "\"}");
}

static size_t make_response(char *out)
{
    char body[8192], line[64];
    size_t body_bytes = make_body(body), used = put(out, 0, pick(status_lines));
    used = put(out, used, "\r\n");
    for (uint64_t count = random_below(4); count > 0; count--)
        used = put(out, used, pick(fields));
    bool chunked = random_below(4) == 0;
    snprintf(line, sizeof line,
             chunked ? "Transfer-Encoding: chunked\r\n\r\n%zx\r\n" : "Content-Length: %zu\r\n\r\n",
             body_bytes);
    if (random_below(8) > 0)
        used = put(out, used, line);
    memcpy(out + used, body, body_bytes);
    used += body_bytes;
    return chunked ? put(out, used, "\r\n0\r\n\r\n") : used;
}

/* A few bytes changed, cut, doubled; or nothing but noise. */
static size_t disturb(char *out, size_t bytes)
{
    switch (random_below(8)) {
    case 0:
        return (size_t)random_below(bytes + 1);
    case 1:
        for (uint64_t count = 1 + random_below(6); count > 0; count--)
            out[random_below(bytes)] = (char)random_below(256);
        return bytes;
    case 2: {
        size_t from = (size_t)random_below(bytes), length = (size_t)random_below(bytes - from + 1);
        memmove(out + bytes, out + from, length);
        return bytes + length;
    }
    case 3:
        bytes = (size_t)random_below(200);
        for (size_t i = 0; i < bytes; i++)
            out[i] = (char)random_below(256);
        return bytes;
    default:
        return bytes;
    }
}

static struct text repeated(char *out, const char *before, const char *part, const char *behind)
{
    char body[64];
    size_t part_bytes = strlen(part), count = LARGE_BYTES / part_bytes,
           bytes = strlen(before) + count * part_bytes + strlen(behind), used = 0;
    snprintf(body, sizeof body, "Content-Length: %zu\r\n\r\n", bytes);
    used = put(out, used, random_below(2) ? "HTTP/1.1 200 OK\r\n" : "HTTP/1.1 400 Bad Request\r\n");
    used = put(out, used, body);
    used = put(out, used, before);
    for (size_t i = 0; i < count; i++, used += part_bytes)
        memcpy(out + used, part, part_bytes);
    return (struct text){out, put(out, used, behind)};
}

static struct text make_large_response(void)
{
    static char out[LARGE_BYTES + 4096];
    static const struct {
        const char *before, *part, *behind;
    } kinds[] = {
        {"{\"id\":\"1\",\"url_domains\":[{}", ",{\"ssl_infos\":[{},{},{},{}]}", "]}"},
        {"{\"size\":0,\"total\":0,\"groups\":[{}", ",{}", "]}"},
        {"{\"error_code\":\"APIG.3201\",\"error_msg\":\"x\",\"y\":[1", ",\"\\u0041\"", "]}"},
        {"{\"y\":[1", ",\"" TOKEN "\\n\"", "],\"error_code\":\"APIG.3201\"}"},
    };
    size_t kind = (size_t)random_below(array_length(kinds));
    return repeated(out, kinds[kind].before, kinds[kind].part, kinds[kind].behind);
}

/* Causes that end an exchange without a response, before or after a byte has left. */
static const struct {
    enum exchange_cause ends;
    bool not_sent;
} ends[] = {
    {EXCHANGE_CAUSE_CONNECT, true},    {EXCHANGE_CAUSE_LOST, true},
    {EXCHANGE_CAUSE_STOPPED, true},    {EXCHANGE_CAUSE_LOST, false},
    {EXCHANGE_CAUSE_CANCELLED, false}, {EXCHANGE_CAUSE_STOPPED, false},
};

void random_responses(struct rig_response responses[MOST_RESPONSES])
{
    static char bytes[MOST_RESPONSES][LONGEST_RESPONSE * 2];
    for (size_t i = 0; i < MOST_RESPONSES; i++) {
        responses[i] =
            (struct rig_response){.takes_ns = (int64_t)random_below(40) * CLOCK_NS_PER_MS};
        if (random_below(30) == 0)
            responses[i].takes_ns = (int64_t)random_below(40) * CLOCK_NS_PER_S;
        if (random_below(10) == 0) {
            size_t end = (size_t)random_below(array_length(ends));
            responses[i].ends = ends[end].ends;
            responses[i].not_sent = ends[end].not_sent;
        }
        responses[i].bytes = (struct text){bytes[i], disturb(bytes[i], make_response(bytes[i]))};
    }
    if (random_below(LARGE_EVERY) == 0)
        responses[random_below(2)].bytes = make_large_response();
}
