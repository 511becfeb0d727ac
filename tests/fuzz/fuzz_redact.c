/* SPDX-License-Identifier: MIT */
/*
 * Can any text keep 24 bytes in a row of a secret, as they are or escaped? The first line is the
 * secret, the rest the text. A search that tries every window, without an index, finds none in what
 * is left, and a text without the secret stays as it is.
 */
#include <assert.h>
#include <stdlib.h>

#include "base/unescape.h"
#include "system/redact.h"

#include "base/banned.h"

#define LAYERS 4

/* Nothing of the mark that takes a secret's place, or of an escape, is of the secret, so that what
 * is left means the same to both searches. */
static bool is_plain(struct text secret)
{
    for (size_t i = 0; i < secret.size; i++)
        if (secret.data[i] <= ' ' || secret.data[i] > '~' || strchr("[]%&\\#;{}", secret.data[i]))
            return false;
    return secret.size >= SECRET_LEAST_BYTES;
}

static bool repeats(struct text text, struct text secret)
{
    size_t window = secret.size < SECRET_WINDOW_BYTES ? secret.size : SECRET_WINDOW_BYTES;
    for (size_t i = 0; i + window <= secret.size; i++)
        if (text.size >= window && memmem(text.data, text.size, secret.data + i, window))
            return true;
    return false;
}

static size_t take_layer(char *text, size_t size)
{
    size_t used = 0;
    for (size_t at = 0; at < size; used++)
        at += unescape((struct text){text + at, size - at}, &text[used]);
    return used;
}

static bool repeats_escaped(struct text text, struct text secret)
{
    char copy[REDACT_BYTES];
    bool found = false;
    memcpy(copy, text.data, text.size);
    for (int layer = 0; layer < LAYERS; layer++) {
        found = found || repeats(text, secret);
        text = (struct text){copy, take_layer(copy, text.size)};
    }
    return found;
}

static void check(struct text secret, struct text text)
{
    char copy[REDACT_BYTES];
    struct secret_list *list = secret_list_new();
    struct secret *kept = secret_new(list, secret);
    memcpy(copy, text.data, text.size);
    struct text left = {copy, redact(list, copy, text.size)};
    bool found = repeats_escaped(text, secret);
    assert(left.size <= text.size && found == !text_equal(left, text));
    if (is_plain(secret)) {
        assert(!repeats_escaped(left, secret));
        assert(!text_is_utf8(text) || text_is_utf8(left));
    }
    secret_wipe(kept);
    secret_list_release(list);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *line = size ? memchr(data, '\n', size) : NULL;
    size_t secret = line ? (size_t)(line - (const char *)data) : 0;
    if (secret >= SECRET_LEAST_BYTES && secret <= SECRET_INDEXED_BYTES &&
        size - secret - 1 <= REDACT_BYTES)
        check((struct text){(const char *)data, secret},
              (struct text){line + 1, size - secret - 1});
    return 0;
}
