/* SPDX-License-Identifier: MIT */
/* A source whose requests are looked at and answered without a network. Include cmocka.h first. */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "credential/source.h"

#define SOURCE_MEMORY (512U << 10)

/* 2026-01-02T03:04:05Z, when each fetch begins. */
#define SOURCE_NOW_NS (INT64_C(1767323045) * CLOCK_NS_PER_S)

/* All zero before its first fetch. */
struct source_trial {
    struct source *source;
    struct arena arena;
    struct source_fetch fetch;
    enum source_next next;
};

static inline void source_end_fetch(struct source_trial *trial)
{
    source_end_hiding(&trial->fetch);
    arena_clear(&trial->arena);
}

/* Begins another fetch of the same source. */
static inline void source_begin_again(struct source_trial *trial)
{
    source_end_fetch(trial);
    arena_init(&trial->arena, SOURCE_MEMORY);
    trial->fetch = (struct source_fetch){.arena = &trial->arena, .now_ns = SOURCE_NOW_NS};
    trial->next = trial->source->kind->begin(trial->source, &trial->fetch);
}

static inline void source_begin(struct source_trial *trial, struct source *source)
{
    *trial = (struct source_trial){.source = source};
    source_begin_again(trial);
}

static inline void source_answer(struct source_trial *trial, unsigned status, const char *body,
                                 const char *token)
{
    assert_int_equal(trial->next, SOURCE_SEND);
    const struct http_field field = {.name = text_literal("X-Subject-Token"),
                                     .value = text_of(token)};
    const struct http_response response = {
        .status = status, .fields = &field, .field_count = token[0] != '\0', .body = text_of(body)};
    trial->next = trial->source->kind->answered(trial->source, &trial->fetch, &response);
}

static inline void source_end(struct source_trial *trial)
{
    source_end_fetch(trial);
    source_free(trial->source);
}

static inline void assert_request(const struct source_trial *trial, enum source_host host,
                                  const char *method, const char *target)
{
    assert_int_equal(trial->next, SOURCE_SEND);
    assert_int_equal(trial->fetch.host, host);
    assert_true(text_equal(trial->fetch.request.method, text_of(method)));
    assert_true(text_equal(trial->fetch.request.target, text_of(target)));
}

/* The value of a request's field; empty when there is none. */
static inline struct text field_of(const struct source_trial *trial, const char *name)
{
    const struct http_request *request = &trial->fetch.request;
    for (size_t i = 0; i < request->field_count; i++)
        if (text_equal_nocase(request->fields[i].name, text_of(name)))
            return request->fields[i].value;
    return text_literal("");
}

static inline void assert_text(struct text text, const char *expected)
{
    if (!text_equal(text, text_of(expected)))
        fail_msg("%.*s instead of %s", text_arguments(text), expected);
}

static inline void assert_field(const struct source_trial *trial, const char *name,
                                const char *value)
{
    assert_text(field_of(trial, name), value);
}

static inline void assert_failed(const struct source_trial *trial, enum source_fault fault,
                                 const char *words)
{
    assert_int_equal(trial->next, SOURCE_FAILED);
    assert_int_equal(trial->fetch.fault, fault);
    assert_int_equal(trial->fetch.status.code, STATUS_UNAVAILABLE);
    if (!strstr(trial->fetch.status.message, words))
        fail_msg("\"%s\" lacks \"%s\"", trial->fetch.status.message, words);
}

/* A source that gives what it was made with, without a request, as mounted keys are. */
struct source_given {
    struct source source;
    struct issued issued;
};

static inline enum source_next source_begin_given(struct source *source, struct source_fetch *fetch)
{
    fetch->issued = ((const struct source_given *)source)->issued;
    return SOURCE_ISSUED;
}

static inline struct source *source_open_given(const struct issued *issued)
{
    static const struct source_kind kind = {
        .name = "given", .option = "given", .begin = source_begin_given};
    struct source_given *given = memory_expect(calloc(1, sizeof *given));
    given->source.kind = &kind;
    given->issued = *issued;
    return &given->source;
}
