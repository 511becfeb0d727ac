/* SPDX-License-Identifier: MIT */
#include "system/secret_index.h"

#include <assert.h>
#include <string.h>

#include "base/banned.h"

static size_t block_count(size_t secret_size)
{
    return secret_size < SECRET_WINDOW_BYTES
               ? 0
               : (secret_size - SECRET_BLOCK_BYTES) / SECRET_STRIDE_BYTES + 1;
}

static size_t bucket_count(size_t blocks)
{
    size_t count = blocks > 0;
    while (count < blocks)
        count *= 2;
    return count;
}

size_t secret_index_bytes(size_t secret_size)
{
    size_t blocks = block_count(secret_size);
    return (bucket_count(blocks) + blocks) * sizeof(uint16_t);
}

static uint16_t *bucket_of(const struct secret_index *index, const char *block)
{
    uint64_t half[2];
    static_assert(sizeof half == SECRET_BLOCK_BYTES, "a block is two halves");
    memcpy(half, block, sizeof half);
    uint64_t hash = half[0] * UINT64_C(0x9e3779b97f4a7c15);
    hash = (hash ^ hash >> 32 ^ half[1]) * UINT64_C(0xd6e8feb86659fd93);
    return &index->buckets[(hash ^ hash >> 32) & (index->bucket_count - 1)];
}

void secret_index_init(struct secret_index *index, struct text secret, void *memory)
{
    assert(secret.size <= SECRET_INDEXED_BYTES);
    size_t blocks = block_count(secret.size);
    *index = (struct secret_index){.secret = secret, .bucket_count = bucket_count(blocks)};
    index->buckets = memory;
    index->previous = index->buckets + index->bucket_count;
    for (size_t i = 0; i < blocks; i++) {
        uint16_t *bucket = bucket_of(index, secret.data + i * SECRET_STRIDE_BYTES);
        index->previous[i] = *bucket;
        *bucket = (uint16_t)(i + 1);
    }
}

/* The text's byte `at` is the secret's byte `position`: as far to both sides as they are alike. */
static struct stretch extend(struct text text, size_t at, struct text secret, size_t position)
{
    struct stretch run = {at, at};
    size_t behind = position;
    for (; run.begin > 0 && position > 0; run.begin--, position--)
        if (text.data[run.begin - 1] != secret.data[position - 1])
            break;
    while (run.end < text.size && behind < secret.size && text.data[run.end] == secret.data[behind])
        run.end++, behind++;
    return run;
}

/* The run with the block at `at` that ends last, behind `known`; false when none is long enough. */
static bool find_at(const struct secret_index *index, struct text text, size_t at, size_t known,
                    struct stretch *found)
{
    bool any = false;
    for (size_t block = *bucket_of(index, text.data + at); block > 0 && known < text.size;
         block = index->previous[block - 1]) {
        size_t position = (block - 1) * SECRET_STRIDE_BYTES;
        if (memcmp(text.data + at, index->secret.data + position, SECRET_BLOCK_BYTES) != 0)
            continue;
        struct stretch run = extend(text, at, index->secret, position);
        if (run.end - run.begin < SECRET_WINDOW_BYTES || run.end <= known)
            continue;
        known = run.end;
        *found = run;
        any = true;
    }
    return any;
}

/* Where a stretch of that size may begin that ends behind `known`. */
static size_t earliest(size_t known, size_t size)
{
    return known < size ? 0 : known - size + 1;
}

static bool find_whole(struct text secret, struct text text, size_t known, struct stretch *found)
{
    size_t from = earliest(known, secret.size);
    if (secret.size < SECRET_LEAST_BYTES || from >= text.size)
        return false;
    const char *at = memmem(text.data + from, text.size - from, secret.data, secret.size);
    if (!at)
        return false;
    size_t begin = (size_t)(at - text.data);
    *found = (struct stretch){begin, begin + secret.size};
    return true;
}

bool secret_index_find(const struct secret_index *index, struct text text, size_t known,
                       struct stretch *found)
{
    if (index->bucket_count == 0)
        return find_whole(index->secret, text, known, found);
    for (size_t at = earliest(known, SECRET_WINDOW_BYTES); at + SECRET_BLOCK_BYTES <= text.size;
         at++)
        if (find_at(index, text, at, known, found))
            return true;
    return false;
}
