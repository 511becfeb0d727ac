/* SPDX-License-Identifier: MIT */
#include "json/tokens.h"

#include "json/numbers.h"

#include "base/banned.h"

#define DEFAULT_DEPTH 64
#define DEFAULT_NAMES 4096

void json_source_init(struct json_source *source, struct text json,
                      const struct json_limits *limits, struct arena *arena, struct status *status)
{
    /* The data of an empty text may be NULL. */
    const char *start = json.size ? json.data : "";
    *source = (struct json_source){
        .start = start,
        .at = start,
        .end = start + json.size,
        .arena = arena,
        .limits = {.depth = limits->depth ? limits->depth : DEFAULT_DEPTH,
                   .names = limits->names ? limits->names : DEFAULT_NAMES},
        .status = status,
    };
}

bool json_malformed(struct json_source *source, const char *what)
{
    source->broken = true;
    return status_fail(source->status, STATUS_INVALID_ARGUMENT, "the JSON has %s at byte %zu", what,
                       (size_t)(source->at - source->start));
}

bool json_no_memory(struct json_source *source)
{
    source->broken = true;
    return status_fail(source->status, STATUS_RESOURCE_EXHAUSTED,
                       "no memory left for the JSON at byte %zu",
                       (size_t)(source->at - source->start));
}

char json_peek_far(struct json_source *source)
{
    while (source->at < source->end && (*source->at == ' ' || *source->at == '\n' ||
                                        *source->at == '\r' || *source->at == '\t'))
        source->at++;
    return source->at < source->end ? *source->at : '\0';
}

bool json_take_number(struct json_source *source, struct text *raw)
{
    json_peek(source);
    size_t bytes = json_number_bytes(source->at, source->end);
    if (bytes == 0)
        return json_malformed(source, "no value where one is expected");
    *raw = (struct text){source->at, bytes};
    source->at += bytes;
    return true;
}

bool json_finish(struct json_source *source)
{
    json_peek(source);
    return source->at == source->end || json_malformed(source, "text after its end");
}

bool json_enter(struct json_source *source, char open)
{
    if (!json_take(source, open))
        return json_malformed(source, open == '{' ? "no object where one is expected"
                                                  : "no array where one is expected");
    if (++source->depth > source->limits.depth)
        return json_malformed(source, "too many levels");
    return true;
}

bool json_next(struct json_source *source, char close, bool *first)
{
    if (json_take(source, close)) {
        source->depth--;
        return false;
    }
    if (!*first && !json_take(source, ',')) {
        (void)!json_malformed(source, "no comma where one is expected");
        return false;
    }
    *first = false;
    return true;
}
