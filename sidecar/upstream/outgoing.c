/* SPDX-License-Identifier: MIT */
#include "upstream/outgoing.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "system/secret.h"
#include "upstream/connector.h"

#include "base/banned.h"

struct outgoing {
    char *bytes;
    size_t used; /* since it was wiped */
};

struct outgoing *outgoing_new(void)
{
    struct outgoing *made = memory_expect(calloc(1, sizeof *made));
    made->bytes = memory_expect(secret_alloc(TRANSPORT_PIECE_BYTES));
    return made;
}

void outgoing_free(struct outgoing *outgoing)
{
    if (!outgoing)
        return;
    secret_free(outgoing->bytes, TRANSPORT_PIECE_BYTES);
    free(outgoing);
}

struct text outgoing_piece(struct outgoing *outgoing, const struct http_bytes *request, size_t from)
{
    size_t size = http_bytes_copy(request, from, outgoing->bytes, TRANSPORT_PIECE_BYTES);
    if (size > outgoing->used)
        outgoing->used = size;
    return (struct text){outgoing->bytes, size};
}

void outgoing_wipe(struct outgoing *outgoing)
{
    explicit_bzero(outgoing->bytes, outgoing->used);
    outgoing->used = 0;
}
