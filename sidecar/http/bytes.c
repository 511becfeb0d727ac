/* SPDX-License-Identifier: MIT */
#include "http/bytes.h"

#include <assert.h>

#include "base/banned.h"

void http_bytes_add(struct http_bytes *bytes, struct text part)
{
    assert(bytes->count < HTTP_BYTES_PARTS);
    bytes->parts[bytes->count++] = part;
    bytes->size += part.size;
}

size_t http_bytes_copy(const struct http_bytes *bytes, size_t from, char *at, size_t room)
{
    size_t copied = 0;
    for (size_t i = 0; i < bytes->count && copied < room; i++) {
        struct text part = text_skip(bytes->parts[i], from);
        from -= bytes->parts[i].size - part.size;
        size_t size = part.size < room - copied ? part.size : room - copied;
        if (size > 0)
            memcpy(at + copied, part.data, size);
        copied += size;
    }
    return copied;
}
