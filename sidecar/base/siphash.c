/* SPDX-License-Identifier: MIT */
#include "base/siphash.h"

#include <endian.h>
#include <string.h>

#include "base/banned.h"

#define ROUNDS_OF_A_WORD 2
#define ROUNDS_AT_THE_END 4

static uint64_t rotate(uint64_t word, unsigned bits)
{
    return word << bits | word >> (64 - bits);
}

/* Section 2.1, figure 2.1. */
static void mix(uint64_t v[4], unsigned rounds)
{
    for (; rounds > 0; rounds--) {
        v[0] += v[1];
        v[2] += v[3];
        v[1] = rotate(v[1], 13) ^ v[0];
        v[3] = rotate(v[3], 16) ^ v[2];
        v[0] = rotate(v[0], 32);
        v[2] += v[1];
        v[0] += v[3];
        v[1] = rotate(v[1], 17) ^ v[2];
        v[3] = rotate(v[3], 21) ^ v[0];
        v[2] = rotate(v[2], 32);
    }
}

static void take_word(uint64_t v[4], uint64_t word)
{
    v[3] ^= word;
    mix(v, ROUNDS_OF_A_WORD);
    v[0] ^= word;
}

static uint64_t read_word(const char *bytes, size_t size)
{
    uint64_t word = 0;
    if (size > 0)
        memcpy(&word, bytes, size);
    return le64toh(word);
}

uint64_t siphash(const struct siphash_key *key, struct text text)
{
    uint64_t k0 = key->halves[0], k1 = key->halves[1], last = (uint64_t)text.size << 56;
    uint64_t v[] = {k0 ^ UINT64_C(0x736f6d6570736575), k1 ^ UINT64_C(0x646f72616e646f6d),
                    k0 ^ UINT64_C(0x6c7967656e657261), k1 ^ UINT64_C(0x7465646279746573)};
    for (; text.size >= sizeof(uint64_t); text = text_skip(text, sizeof(uint64_t)))
        take_word(v, read_word(text.data, sizeof(uint64_t)));
    take_word(v, last | read_word(text.data, text.size));
    v[2] ^= 0xff;
    mix(v, ROUNDS_AT_THE_END);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}
