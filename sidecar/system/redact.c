/* SPDX-License-Identifier: MIT */
#include "system/redact.h"

#include <assert.h>

#include "base/unescape.h"

#include "base/banned.h"

static_assert(sizeof REDACTED - 1 <= SECRET_LEAST_BYTES, "a text does not grow");

#define MOST_LAYERS 4

/* A text without some of its escapes, and which byte of it began where. */
struct redaction {
    char bytes[REDACT_BYTES];
    uint16_t begins[REDACT_BYTES + 1];
    size_t size;
    bool is_secret[REDACT_BYTES]; /* by the bytes of the text as it was */
    bool any;
};

static void init(struct redaction *redaction, struct text text)
{
    memcpy(redaction->bytes, text.data, text.size);
    for (size_t i = 0; i <= text.size; i++)
        redaction->begins[i] = (uint16_t)i;
    memset(redaction->is_secret, false, text.size);
    redaction->size = text.size;
    redaction->any = false;
}

static void mark(struct stretch stretch, void *context)
{
    struct redaction *redaction = context;
    size_t begin = redaction->begins[stretch.begin], end = redaction->begins[stretch.end];
    memset(redaction->is_secret + begin, true, end - begin);
    redaction->any = true;
}

/* Takes one layer of escapes away; false when there is none. */
static bool take_layer(struct redaction *redaction)
{
    size_t at = 0, used = 0, size = redaction->size;
    for (; at < size; used++) {
        char character;
        size_t bytes = unescape((struct text){redaction->bytes + at, size - at}, &character);
        redaction->begins[used] = redaction->begins[at];
        redaction->bytes[used] = character;
        at += bytes;
    }
    redaction->begins[used] = redaction->begins[size];
    redaction->size = used;
    return used < size;
}

static size_t rewrite(const struct redaction *redaction, char *data, size_t size)
{
    size_t used = 0;
    for (size_t at = 0; at < size; at++) {
        if (!redaction->is_secret[at]) {
            data[used++] = data[at];
            continue;
        }
        if (at > 0 && redaction->is_secret[at - 1])
            continue;
        memcpy(data + used, REDACTED, sizeof REDACTED - 1);
        used += sizeof REDACTED - 1;
    }
    return used;
}

size_t redact(struct secret_list *secrets, char *data, size_t size)
{
    struct redaction redaction;
    assert(size <= REDACT_BYTES);
    if (size == 0)
        return 0;
    init(&redaction, (struct text){data, size});
    for (unsigned layer = 0; layer < MOST_LAYERS; layer++) {
        secret_list_search(secrets, (struct text){redaction.bytes, redaction.size}, mark,
                           &redaction);
        if (!take_layer(&redaction))
            break;
    }
    return redaction.any ? rewrite(&redaction, data, size) : size;
}
