/* SPDX-License-Identifier: MIT */
/* Is it SipHash-2-4, and does the key decide? */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/siphash.h"

#include "base/banned.h"

/* The key and the texts of the authors' test vectors: the bytes 0, 1, 2 and so on. */
static const struct siphash_key key = {
    {UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908)}};

static void the_authors_vectors_are_met(void **state)
{
    (void)state;
    static const struct {
        size_t size;
        uint64_t hash;
    } vectors[] = {
        {0, UINT64_C(0x726fdb47dd0e0e31)},  {1, UINT64_C(0x74f839c593dc67fd)},
        {7, UINT64_C(0xab0200f58b01d137)},  {8, UINT64_C(0x93f5f5799a932462)},
        {15, UINT64_C(0xa129ca6149be45e5)}, {16, UINT64_C(0x3f2acc7f57c29bdb)},
        {63, UINT64_C(0x958a324ceb064572)},
    };
    char bytes[64];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)i;
    for (size_t i = 0; i < array_length(vectors); i++)
        assert_int_equal(siphash(&key, (struct text){bytes, vectors[i].size}), vectors[i].hash);
}

static void another_key_gives_another_hash(void **state)
{
    (void)state;
    const struct siphash_key other = {{key.halves[0], key.halves[1] + 1}};
    assert_int_not_equal(siphash(&key, text_literal("a")), siphash(&other, text_literal("a")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_authors_vectors_are_met),
        cmocka_unit_test(another_key_gives_another_hash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
