/* SPDX-License-Identifier: MIT */
/*
 * Can any response make a failure that is not short, plain and without the token? The first line
 * has the HTTP status, the lines up to an empty one are fields, and the rest is the body. Read
 * again it is the same fault, and its message read as a body's stays as it is.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "rest/fault.h"

#include "base/banned.h"

#define TOKEN "MIIEtoken.that-no_message.may-repeat.0123456789-ABCDEFGHIJ"
#define MOST_FIELDS 8

static bool is_word(struct text text)
{
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] <= ' ' || text.data[i] > '~')
            return false;
    return true;
}

static void check_without_token(struct text text)
{
    static const struct text token = {TOKEN, sizeof TOKEN - 1};
    for (size_t i = 0; i + SECRET_WINDOW_BYTES <= token.size; i++)
        assert(!text.size || !memmem(text.data, text.size, token.data + i, SECRET_WINDOW_BYTES));
}

static void check_word(struct text text, size_t most)
{
    assert(text.size <= most && is_word(text));
    check_without_token(text);
}

static void check_message(struct text message)
{
    assert(message.size <= 512 && text_is_utf8(message));
    for (size_t i = 0; i < message.size; i++)
        assert((unsigned char)message.data[i] >= ' ' && message.data[i] != 0x7f);
    check_without_token(message);
}

static void check(const struct fault *fault, const struct http_response *response)
{
    struct status status;
    check_word(fault->vendor_code, 32);
    check_word(fault->request_id, 64);
    check_word(fault->field, 64);
    check_word(fault->location_host, 255);
    check_message(fault->message);
    assert(fault->attempt_delay_ms >= 0 && fault->attempt_delay_ms <= INT64_C(3600000));
    assert(fault->code != STATUS_OK);
    bool good = fault_status(fault, response, &status);
    assert(!good && status.code == fault->code && text_is_utf8(text_of(status.message)));
    check_without_token(text_of(status.message));
}

static bool is_same(const struct fault *a, const struct fault *b)
{
    return a->code == b->code && a->effect == b->effect &&
           a->attempt_delay_ms == b->attempt_delay_ms && a->caller_retry_ms == b->caller_retry_ms &&
           text_equal(a->vendor_code, b->vendor_code) && text_equal(a->message, b->message) &&
           text_equal(a->request_id, b->request_id) && text_equal(a->field, b->field) &&
           text_equal(a->location_host, b->location_host);
}

static void read_twice(const struct http_response *response)
{
    struct arena scratch, arena;
    struct fault fault, again;
    struct secret_list *secrets = secret_list_new();
    struct secret *token = secret_new(secrets, text_literal(TOKEN));
    arena_init(&scratch, 1 << 20);
    arena_init(&arena, 32 << 10);
    fault_read(response, secrets, &scratch, &arena, &fault);
    fault_read(response, secrets, &scratch, &arena, &again);
    assert(is_same(&fault, &again));
    check(&fault, response);
    fault_of_safe_request(&fault);
    assert(!fault_is_unknown(&fault));
    arena_clear(&scratch);
    arena_clear(&arena);
    secret_wipe(token);
    secret_list_release(secrets);
}

static bool take_line(struct text *rest, struct text *line)
{
    const char *end = rest->size ? memchr(rest->data, '\n', rest->size) : NULL;
    if (!end)
        return false;
    *line = (struct text){rest->data, (size_t)(end - rest->data)};
    *rest = (struct text){end + 1, rest->size - line->size - 1};
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text rest = {(const char *)data, size}, line;
    struct http_field fields[MOST_FIELDS];
    struct http_response response = {.fields = fields};
    uint64_t status;
    if (!take_line(&rest, &line) || !text_to_u64(line, &status) || status < 300 || status > 599)
        return 0;
    response.status = (unsigned)status;
    while (response.field_count < MOST_FIELDS && take_line(&rest, &line) && line.size > 0) {
        const char *colon = memchr(line.data, ':', line.size);
        size_t name = colon ? (size_t)(colon - line.data) : line.size;
        size_t skipped = colon ? name + 1 : name;
        fields[response.field_count++] = (struct http_field){
            .name = {line.data, name}, .value = {line.data + skipped, line.size - skipped}};
    }
    response.body = rest;
    read_twice(&response);
    return 0;
}
