/* SPDX-License-Identifier: MIT */
/*
 * Is a credential that is read from a response one that can be sent, and is a response that is not
 * one refused without repeating it? The input is the body, behind a first line that is the value of
 * X-Subject-Token.
 */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "credential/answer.h"
#include "http/syntax.h"

#include "base/banned.h"

#define MEMORY (1U << 20)

static void check_text(struct text text)
{
    assert(text.size > 0 && http1_is_field_value(text) && !text_contains(text, ' '));
}

static void check_refusal(const struct status *status, struct text input)
{
    assert(status->code == STATUS_UNAVAILABLE);
    assert(input.size < 24 || !memmem(status->message, strlen(status->message), input.data, 24));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct issued issued;
    struct status status;
    struct text rest = {(const char *)data, size}, token = {NULL, 0}, project;
    size_t count;
    (void)!text_take_until(&rest, '\n', &token);
    const struct http_field field = {.name = text_literal("X-Subject-Token"), .value = token};
    const struct http_response response = {
        .status = 200, .fields = &field, .field_count = 1, .body = rest};
    arena_init(&arena, MEMORY);
    if (answer_read_key(&response, &arena, &issued, &status)) {
        check_text(issued.access);
        check_text(issued.secret);
        check_text(issued.security);
        assert(issued.expires_ns > 0);
    } else {
        check_refusal(&status, rest);
    }
    if (answer_read_token(&response, &arena, &issued, &status))
        check_text(issued.token);
    else
        check_refusal(&status, rest);
    if (answer_read_node(&response, &arena, &project, &status) && project.size > 0)
        check_text(project);
    if (answer_read_projects(&response, &arena, &count, &project, &status) && project.size > 0)
        assert(count > 0);
    arena_clear(&arena);
    return 0;
}
