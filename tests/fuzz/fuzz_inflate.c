/* SPDX-License-Identifier: MIT */
/*
 * Is a compressed body inflated to what zlib itself makes of it, whatever its bytes? The input is
 * inflated, and it is compressed in both formats and inflated again.
 */
#include <assert.h>
#include <stdint.h>
#include <string.h>
#include <zlib.h>

#include "base/inflate.h"

#include "base/banned.h"

#define MOST 65536
#define EITHER_FORMAT (15 + 32)
#define GZIP (15 + 16)

/* In one call; false when the input is not one whole stream, or has more than MOST bytes. */
static bool inflate_by_zlib(struct text packed, char *plain, size_t *size)
{
    z_stream stream = {.next_in = (Bytef *)(uintptr_t)packed.data,
                       .avail_in = (uInt)packed.size,
                       .next_out = (Bytef *)plain,
                       .avail_out = MOST + 1};
    int result = inflateInit2(&stream, EITHER_FORMAT);
    assert(result == Z_OK);
    result = inflate(&stream, Z_FINISH);
    *size = MOST + 1 - stream.avail_out;
    inflateEnd(&stream);
    return result == Z_STREAM_END && stream.avail_in == 0 && *size <= MOST;
}

static void compare(struct text packed)
{
    static char expected[MOST + 1];
    struct arena arena;
    struct text plain;
    struct status status;
    size_t size;
    arena_init(&arena, 8 * MOST);
    bool good = inflate_text(packed, MOST, &arena, &plain, &status);
    assert(good == inflate_by_zlib(packed, expected, &size));
    assert(good ? text_equal(plain, (struct text){expected, size})
                : status.code == STATUS_INVALID_ARGUMENT ||
                      (status.code == STATUS_RESOURCE_EXHAUSTED && size > MOST));
    arena_clear(&arena);
}

static void compress_and_inflate(struct text plain, int format)
{
    static char packed[2 * MOST];
    struct arena arena;
    struct text again;
    struct status status;
    z_stream stream = {.next_in = (Bytef *)(uintptr_t)plain.data,
                       .avail_in = (uInt)plain.size,
                       .next_out = (Bytef *)packed,
                       .avail_out = sizeof packed};
    int result = deflateInit2(&stream, 1, Z_DEFLATED, format, 8, Z_DEFAULT_STRATEGY);
    assert(result == Z_OK);
    result = deflate(&stream, Z_FINISH);
    assert(result == Z_STREAM_END);
    struct text whole = {packed, sizeof packed - stream.avail_out};
    deflateEnd(&stream);
    arena_init(&arena, 8 * MOST);
    bool good = inflate_text(whole, MOST, &arena, &again, &status);
    assert(good && text_equal(again, plain));
    good = inflate_text((struct text){whole.data, whole.size - 1}, MOST, &arena, &again, &status);
    assert(!good);
    arena_clear(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text input = {(const char *)data, size};
    compare(input);
    if (size <= MOST) {
        compress_and_inflate(input, 15);
        compress_and_inflate(input, GZIP);
    }
    return 0;
}
