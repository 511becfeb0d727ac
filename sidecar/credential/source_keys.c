/* SPDX-License-Identifier: MIT */
#include "credential/source_keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "credential/keys.h"

#include "base/banned.h"

struct source_keys {
    struct source source;
    char paths[]; /* of the two files that a folder has to have */
};

static enum source_next begin(struct source *source, struct source_fetch *fetch)
{
    return keys_read(source->place, fetch->arena, &fetch->issued, &fetch->status) ? SOURCE_ISSUED
                                                                                  : SOURCE_FAILED;
}

static const struct source_kind kind = {
    .name = "keys", .option = "keys", .metric = METRIC_ISSUER_KEYS, .begin = begin};

struct source *source_keys_open(const char *path)
{
    size_t size = strlen(path) + sizeof "/ak";
    struct source_keys *made = memory_expect(calloc(1, sizeof *made + 2 * size));
    char *ak = made->paths, *sk = made->paths + size;
    snprintf(ak, size, "%s/ak", path);
    snprintf(sk, size, "%s/sk", path);
    made->source = (struct source){.kind = &kind, .place = path, .files = {path, ak, sk}};
    return &made->source;
}
