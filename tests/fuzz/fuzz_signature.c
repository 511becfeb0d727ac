/* SPDX-License-Identifier: MIT */
/*
 * Is a request signed as the description of SDK-HMAC-SHA256 says, whatever its target, body and
 * project? The oracle writes the canonical request as one text and hashes it in one piece. The
 * input is a project, a target and a body, each behind a line end.
 */
#include <assert.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "credential/signature.h"

#include "base/banned.h"

#define MOST_BYTES 65536
#define DATE "20260102T030405Z"
#define SECONDS 1767323045
#define HOST "apig.example"
#define SECRET "MFyfvK41ba2giqM7Uio6PznpdUKGpownRZlmVmHc"
#define TOKEN "a security token"

/* A text that is written piece by piece. */
struct page {
    size_t size;
    char data[16 * MOST_BYTES];
};

static void add(struct page *page, const char *data, size_t size)
{
    assert(page->size + size <= sizeof page->data);
    if (size > 0)
        memcpy(page->data + page->size, data, size);
    page->size += size;
}

static void add_string(struct page *page, const char *string)
{
    add(page, string, strlen(string));
}

static void hex(const unsigned char *hash, struct page *page)
{
    char text[65];
    for (unsigned i = 0; i < 32; i++)
        snprintf(text + 2 * i, 3, "%02x", hash[i]);
    add_string(page, text);
}

static void add_sha256(struct page *page, const char *data, size_t size)
{
    unsigned char hash[32];
    int good = EVP_Digest(data, size, hash, NULL, EVP_sha256(), NULL);
    assert(good == 1);
    hex(hash, page);
}

/* Decodes in place, as curl_unescape does. */
static size_t unescape(char *text, size_t size)
{
    size_t to = 0;
    for (size_t from = 0; from < size; from++) {
        char digits[3] = {0}, *end = digits;
        unsigned long byte = 0;
        if (text[from] == '%' && from + 2 < size) {
            memcpy(digits, text + from + 1, 2);
            if (strspn(digits, "0123456789abcdefABCDEF") == 2)
                byte = strtoul(digits, &end, 16);
        }
        text[to++] = end == digits ? text[from] : (char)byte;
        from += end == digits ? 0 : 2;
    }
    return to;
}

static void add_escaped(struct page *page, const char *text, size_t size, const char *kept)
{
    for (size_t i = 0; i < size; i++) {
        char escaped[4];
        bool plain = text[i] && strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                       "0123456789-_.~",
                                       text[i]);
        plain = plain || (text[i] && strchr(kept, text[i]));
        snprintf(escaped, sizeof escaped, plain ? "%c" : "%%%02X", (unsigned char)text[i]);
        add_string(page, escaped);
    }
}

struct pair {
    const char *name, *value;
    size_t name_size, value_size;
};

static int order(const char *a, size_t a_size, const char *b, size_t b_size)
{
    for (size_t i = 0; i < a_size && i < b_size; i++)
        if (a[i] != b[i])
            return (unsigned char)a[i] < (unsigned char)b[i] ? -1 : 1;
    return a_size < b_size ? -1 : a_size > b_size;
}

static bool comes_after(const struct pair *a, const struct pair *b)
{
    int names = order(a->name, a->name_size, b->name, b->name_size);
    return names > 0 || (names == 0 && order(a->value, a->value_size, b->value, b->value_size) > 0);
}

/* Sorts by insertion while it splits. */
static size_t split(char *query, size_t size, struct pair *pairs)
{
    size_t count = 0;
    for (size_t start = 0, end; start < size; start = end + 1) {
        for (end = start; end < size && query[end] != '&';)
            end++;
        if (end == start)
            continue;
        size_t name_end = start;
        while (name_end < end && query[name_end] != '=')
            name_end++;
        size_t value = name_end < end ? name_end + 1 : end;
        struct pair pair = {query + start, query + value, 0, 0};
        pair.name_size = unescape(query + start, name_end - start);
        pair.value_size = unescape(query + value, end - value);
        size_t at = count++;
        for (; at > 0 && comes_after(&pairs[at - 1], &pair); at--)
            pairs[at] = pairs[at - 1];
        pairs[at] = pair;
    }
    return count;
}

static void add_target(struct page *page, const char *target, size_t size)
{
    static char copy[MOST_BYTES];
    static struct pair pairs[MOST_BYTES];
    memcpy(copy, target, size);
    char *question = memchr(copy, '?', size);
    size_t path = question ? (size_t)(question - copy) : size;
    size_t decoded = unescape(copy, path);
    add_escaped(page, copy, decoded, "/");
    if (decoded == 0 || copy[decoded - 1] != '/')
        add_string(page, "/");
    add_string(page, "\n");
    size_t count = question ? split(question + 1, size - path - 1, pairs) : 0;
    for (size_t i = 0; i < count; i++) {
        add_string(page, i > 0 ? "&" : "");
        add_escaped(page, pairs[i].name, pairs[i].name_size, "");
        add_string(page, "=");
        add_escaped(page, pairs[i].value, pairs[i].value_size, "");
    }
    add_string(page, "\n");
}

static struct text without_blanks(struct text text)
{
    while (text.size > 0 && (text.data[0] == ' ' || text.data[0] == '\t'))
        text = (struct text){text.data + 1, text.size - 1};
    while (text.size > 0 && strchr(" \t", text.data[text.size - 1]) && text.data[text.size - 1])
        text.size--;
    return text;
}

static void write_canonical(struct page *page, const struct http_request *request,
                            struct text project)
{
    page->size = 0;
    add(page, request->method.data, request->method.size);
    add_string(page, "\n");
    add_target(page, request->target.data, request->target.size);
    add_string(page, request->has_body ? "content-type:application/json\n" : "");
    add_string(page, "host:" HOST "\n");
    if (project.size > 0) {
        add_string(page, "x-project-id:");
        add(page, project.data, project.size);
        add_string(page, "\n");
    }
    add_string(page, "x-sdk-date:" DATE "\nx-security-token:" TOKEN "\n\n");
}

static void write_names(struct page *page, bool has_body, bool has_project)
{
    add_string(page, has_body ? "content-type;host" : "host");
    add_string(page, has_project ? ";x-project-id" : "");
    add_string(page, ";x-sdk-date;x-security-token");
}

static void write_signature(struct page *page, const struct page *canonical)
{
    struct page *text = calloc(1, sizeof *text);
    unsigned char mac[32];
    assert(text);
    add_string(text, "SDK-HMAC-SHA256\n" DATE "\n");
    add_sha256(text, canonical->data, canonical->size);
    HMAC(EVP_sha256(), SECRET, sizeof SECRET - 1, (const unsigned char *)text->data, text->size,
         mac, NULL);
    hex(mac, page);
    free(text);
}

static void check(const struct http_request *plain, struct text project,
                  const struct http_request *is)
{
    static struct page canonical, expected;
    project = without_blanks(project);
    write_canonical(&canonical, plain, project);
    write_names(&canonical, plain->has_body, project.size > 0);
    add_string(&canonical, "\n");
    add_sha256(&canonical, plain->body.data, plain->body.size);
    expected.size = 0;
    add_string(&expected, "SDK-HMAC-SHA256 Access=AK, SignedHeaders=");
    write_names(&expected, plain->has_body, project.size > 0);
    add_string(&expected, ", Signature=");
    write_signature(&expected, &canonical);
    assert(text_equal(is->fields[is->field_count - 1].value,
                      (struct text){expected.data, expected.size}));
}

static struct http_request request_of(struct text target, struct text body, bool has_body)
{
    struct http_request request = {.method = has_body ? text_literal("POST") : text_literal("GET"),
                                   .target = target,
                                   .body = body,
                                   .has_body = has_body};
    if (has_body)
        request.fields[request.field_count++] = (struct http_field){
            .name = text_literal("Content-Type"), .value = text_literal("application/json")};
    return request;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct signing_key *key;
    static const struct access_key access_key = {
        {"AK", 2}, {SECRET, sizeof SECRET - 1}, {TOKEN, sizeof TOKEN - 1}};
    struct text rest = {(const char *)data, size}, project, target;
    struct arena arena;
    struct status status;
    if (size > MOST_BYTES)
        return 0;
    bool good = key || signing_key_new(&access_key, &key, &status);
    assert(good);
    text_take_part(&rest, '\n', &project);
    bool has_body = text_take_part(&rest, '\n', &target);
    const struct http_request plain = request_of(target, rest, has_body);
    struct http_request is = plain;
    const struct signature_scope scope = {text_literal(HOST), project, SECONDS};
    arena_init(&arena, 64 * MOST_BYTES);
    good = signature_add(key, &scope, &arena, &is, &status);
    assert(good);
    check(&plain, project, &is);
    arena_clear(&arena);
    return 0;
}
