/* SPDX-License-Identifier: MIT */
#include "credential/source_token_file.h"

#include <stdlib.h>

#include "base/memory.h"
#include "credential/source_file.h"

#include "base/banned.h"

static enum source_next begin(struct source *source, struct source_fetch *fetch)
{
    char *token = memory_expect(arena_alloc(fetch->arena, SOURCE_FILE_BYTES));
    size_t size;
    if (!source_file_read(source->files[0], token, &size, &fetch->status))
        return SOURCE_FAILED;
    fetch->issued = (struct issued){.kind = ISSUED_TOKEN, .token = {token, size}};
    return SOURCE_ISSUED;
}

static const struct source_kind kind = {
    .name = "token file", .option = "token-file", .begin = begin};

struct source *source_token_file_open(const char *path)
{
    struct source *source = memory_expect(calloc(1, sizeof *source));
    *source = (struct source){.kind = &kind, .place = path, .files = {path}};
    return source;
}
