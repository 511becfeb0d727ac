/* SPDX-License-Identifier: MIT */
/*
 * Can any header make the reader of x-forwarded-client-cert read out of bounds, or give an identity
 * although its last element is malformed? The first line is the header, the second a
 * pattern of --allow-callers.
 */
#include <assert.h>
#include <stdint.h>

#include "base/arena.h"
#include "server/xfcc.h"

#include "base/banned.h"

static void check_names(struct text header, const struct identity *names, size_t count)
{
    assert(count <= IDENTITY_MOST);
    for (size_t i = 0; i < count; i++) {
        struct text name = names[i].name;
        assert(name.size > 0 && name.data >= header.data &&
               name.data + name.size <= header.data + header.size);
    }
}

/* A name that a pattern allows has only characters that a name may have. */
static void check_access(struct text pattern, const struct identity *names, size_t count)
{
    struct arena arena;
    struct config_caller caller;
    arena_init(&arena, 1 << 16);
    if (config_caller_parse(pattern, &arena, &caller) && access_allows(&caller, names, count)) {
        struct text shown = access_shown(names, count);
        assert(shown.size > 0);
    }
    arena_clear(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct identity names[IDENTITY_MOST];
    const char *line = size ? memchr(data, '\n', size) : NULL;
    struct text header = {(const char *)data, line ? (size_t)(line - (const char *)data) : size};
    size_t count = 0;
    if (xfcc_read(header, names, &count))
        check_names(header, names, count);
    if (line)
        check_access((struct text){line + 1, size - header.size - 1}, names, count);
    return 0;
}
