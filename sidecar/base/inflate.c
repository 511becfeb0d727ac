/* SPDX-License-Identifier: MIT */
#include "base/inflate.h"

#include <zlib.h>

#include "base/banned.h"

/* Lets zlib detect which of the two formats the bytes have. */
#define EITHER_FORMAT (15 + 32)

static bool no_memory(struct status *status)
{
    return status_fail(status, STATUS_RESOURCE_EXHAUSTED,
                       "cannot be inflated, because no memory is left");
}

static bool inflate_all(z_stream *stream, size_t most, struct buffer *out, struct status *status)
{
    int result = Z_OK;
    while (result == Z_OK) {
        /* One byte more than the bound shows whether the output is larger than allowed. */
        size_t room = out->room - out->bytes < most + 1 - out->bytes ? out->room - out->bytes
                                                                     : most + 1 - out->bytes;
        stream->next_out = (Bytef *)out->at + out->bytes;
        stream->avail_out = (uInt)room;
        result = inflate(stream, Z_NO_FLUSH);
        out->bytes += room - stream->avail_out;
        if (out->bytes > most)
            return status_fail(status, STATUS_RESOURCE_EXHAUSTED,
                               "inflates to more than the %zu bytes that are allowed", most);
        if (result == Z_OK && !buffer_reserve(out, 1))
            return no_memory(status);
    }
    if (result != Z_STREAM_END || stream->avail_in != 0)
        return status_fail(status, STATUS_INVALID_ARGUMENT, "cannot be inflated: %s",
                           stream->msg ? stream->msg : "it is cut off or has bytes behind its end");
    return true;
}

bool inflate_text(struct text packed, size_t most, struct arena *arena, struct text *plain,
                  struct status *status)
{
    struct buffer out;
    z_stream stream = {.next_in = (Bytef *)(uintptr_t)packed.data, .avail_in = (uInt)packed.size};
    buffer_init(&out, arena, 1024);
    if (out.room == 0 || inflateInit2(&stream, EITHER_FORMAT) != Z_OK)
        return no_memory(status);
    bool good = inflate_all(&stream, most, &out, status);
    inflateEnd(&stream);
    if (good)
        *plain = buffer_text(&out);
    return good;
}
