/* SPDX-License-Identifier: MIT */
#include "server/inflate.h"

#include <zlib.h>

#include "base/banned.h"

/* Lets zlib find out by itself which of the two formats it is. */
#define EITHER_FORMAT (15 + 32)

static bool inflate_all(z_stream *stream, size_t most, struct buffer *out, struct status *status)
{
    int result = Z_OK;
    while (result == Z_OK) {
        /* One byte above the bound tells a message that fits from one that does not. */
        size_t room = out->room - out->bytes < most + 1 - out->bytes ? out->room - out->bytes
                                                                     : most + 1 - out->bytes;
        stream->next_out = (Bytef *)out->at + out->bytes;
        stream->avail_out = (uInt)room;
        result = inflate(stream, Z_NO_FLUSH);
        out->bytes += room - stream->avail_out;
        if (out->bytes > most)
            return status_fail(
                status, STATUS_RESOURCE_EXHAUSTED,
                "the request message inflates to more than --max-message allows, %zu bytes", most);
        if (result == Z_OK && !buffer_reserve(out, 1))
            return status_fail(status, STATUS_RESOURCE_EXHAUSTED,
                               "no memory left for the request message");
    }
    if (result != Z_STREAM_END || stream->avail_in != 0)
        return status_fail(status, STATUS_INVALID_ARGUMENT,
                           "the compressed request message cannot be inflated: %s",
                           stream->msg ? stream->msg : "it is cut off or has bytes behind its end");
    return true;
}

bool inflate_message(struct text packed, size_t most, struct arena *arena, struct text *plain,
                     struct status *status)
{
    struct buffer out;
    z_stream stream = {.next_in = (Bytef *)(uintptr_t)packed.at, .avail_in = (uInt)packed.bytes};
    buffer_init(&out, arena, 1024);
    if (out.room == 0 || inflateInit2(&stream, EITHER_FORMAT) != Z_OK)
        return status_fail(status, STATUS_RESOURCE_EXHAUSTED,
                           "no memory left for the request message");
    bool good = inflate_all(&stream, most, &out, status);
    inflateEnd(&stream);
    if (good)
        *plain = buffer_text(&out);
    return good;
}
