/* SPDX-License-Identifier: MIT */
/* One JSON document read and written again, in an arena of its own. Include cmocka.h first. */
#pragma once

#include "json/json.h"

#include "scoped.h"
#include "sets.h"

/* Enough for each document of the tests, and small enough that a few lines too many are noticed. */
#define EXCHANGE_BYTES (1 << 20)

struct exchange {
    struct arena arena;
    ProtobufCMessage *message;
    struct text written;
    struct status status;
};

static inline void exchange_clear(struct exchange *exchange)
{
    arena_clear(&exchange->arena);
}

static inline bool exchange_read(struct exchange *exchange, const struct schema_message *type,
                                 struct text json, const struct json_read_options *options)
{
    *exchange = (struct exchange){0};
    arena_init(&exchange->arena, EXCHANGE_BYTES);
    return json_read(type, json, options, &exchange->arena, &exchange->message, &exchange->status);
}

static inline bool exchange_write(struct exchange *exchange, const struct schema_message *type,
                                  const struct json_style *style)
{
    struct buffer out;
    buffer_init(&out, &exchange->arena, 0);
    if (!json_write(type, exchange->message, style, NULL, NULL, &out, &exchange->status))
        return false;
    exchange->written = buffer_text(&out);
    return true;
}

static inline void assert_text_is(struct text text, const char *wanted)
{
    if (!text_equal(text, text_of(wanted)))
        fail_msg("\"%.*s\" is not \"%s\"", text_arguments(text), wanted);
}

/* Reads `json`, which has to be good, and writes it in the usual style: that has to be `wanted`. */
static inline void must_become(const struct schema_message *type, const char *json,
                               const struct json_read_options *options, const char *wanted)
{
    static const struct json_style style = {.enum_names = true};
    scoped(exchange) struct exchange exchange;
    if (!exchange_read(&exchange, type, text_of(json), options) ||
        !exchange_write(&exchange, type, &style))
        fail_msg("%s: %s", json, exchange.status.message);
    assert_text_is(exchange.written, wanted);
}

/* Reads `json`, which has to fail with INVALID_ARGUMENT and a message that says `why`. */
static inline void must_refuse(const struct schema_message *type, struct text json,
                               const struct json_read_options *options, const char *why)
{
    scoped(exchange) struct exchange exchange;
    if (exchange_read(&exchange, type, json, options))
        fail_msg("%.*s is read", text_arguments(json));
    assert_null(exchange.message);
    assert_int_equal(exchange.status.code, STATUS_INVALID_ARGUMENT);
    if (!strstr(exchange.status.message, why))
        fail_msg("%.*s: \"%s\" does not say \"%s\"", text_arguments(json), exchange.status.message,
                 why);
}
