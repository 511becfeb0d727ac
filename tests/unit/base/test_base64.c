/* SPDX-License-Identifier: MIT */
#include "base/base64.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* RFC 4648 section 10, and the two characters in which the alphabets differ. */
static const struct {
    const char *bytes, *encoded;
} vectors[] = {
    {"", ""},
    {"f", "Zg=="},
    {"fo", "Zm8="},
    {"foo", "Zm9v"},
    {"foob", "Zm9vYg=="},
    {"fooba", "Zm9vYmE="},
    {"foobar", "Zm9vYmFy"},
    {"\xfb\xff\xbf", "+/+/"},
};

static void must_decode(const char *encoded, const char *wanted)
{
    char bytes[64];
    size_t count;
    assert_true(base64_room(strlen(encoded)) <= sizeof bytes);
    assert_true(base64_decode(text_of(encoded), bytes, &count));
    assert_true(text_equal((struct text){bytes, count}, text_of(wanted)));
}

static void the_standards_vectors_are_kept(void **state)
{
    (void)state;
    for (size_t i = 0; i < array_length(vectors); i++) {
        struct arena arena;
        struct buffer out;
        arena_init(&arena, 65536);
        buffer_init(&out, &arena, 0);
        base64_encode(text_of(vectors[i].bytes), BASE64_STANDARD, &out);
        assert_true(text_equal(buffer_text(&out), text_of(vectors[i].encoded)));
        must_decode(vectors[i].encoded, vectors[i].bytes);
        arena_clear(&arena);
    }
}

static void either_alphabet_is_read_with_or_without_padding(void **state)
{
    (void)state;
    must_decode("-_-_", "\xfb\xff\xbf");
    must_decode("-/+_", "\xfb\xff\xbf");
    must_decode("Zg", "f");
    must_decode("Zm8", "fo");
}

static void malformed_base64_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "Z", "Zm9vY", "Zg=", "=", "====", "Z===", "Zg==Zg==", "Zm 9", "Zm9v\n", "Zm9,", "Z=g="};
    for (size_t i = 0; i < array_length(texts); i++) {
        char bytes[64];
        size_t count = 1234;
        if (base64_decode(text_of(texts[i]), bytes, &count))
            fail_msg("%s is read", texts[i]);
        assert_int_equal(count, 1234);
    }
}

/* In memory of just the promised size, so that writing beyond it is noticed. */
static void the_buffer_of_the_computed_size_is_enough(void **state)
{
    (void)state;
    char encoded[40];
    memset(encoded, 'A', sizeof encoded);
    for (size_t characters = 0; characters < sizeof encoded; characters++) {
        size_t room = base64_room(characters), bytes = 0;
        char *at = malloc(room);
        assert_non_null(at);
        bool good = base64_decode((struct text){encoded, characters}, at, &bytes);
        assert_int_equal(good, characters % 4 != 1);
        assert_int_equal(bytes, good ? characters * 3 / 4 : 0);
        assert_true(bytes <= room);
        free(at);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_standards_vectors_are_kept),
        cmocka_unit_test(either_alphabet_is_read_with_or_without_padding),
        cmocka_unit_test(malformed_base64_is_refused),
        cmocka_unit_test(the_buffer_of_the_computed_size_is_enough),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
