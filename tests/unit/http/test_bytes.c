/* SPDX-License-Identifier: MIT */
/* Are the parts of a request one row of bytes, wherever its pieces begin and end? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/bytes.h"

#include "base/banned.h"

static const struct text whole = {"headSECRETmiddleTOKENtail", 25};

static struct http_bytes in_parts(void)
{
    struct http_bytes bytes = {.count = 0};
    http_bytes_add(&bytes, text_literal("head"));
    http_bytes_add(&bytes, text_literal("SECRET"));
    http_bytes_add(&bytes, text_literal("middle"));
    http_bytes_add(&bytes, text_literal("TOKEN"));
    http_bytes_add(&bytes, text_literal("tail"));
    return bytes;
}

static void every_piece_is_that_of_the_whole(void **state)
{
    (void)state;
    struct http_bytes bytes = in_parts();
    assert_int_equal(bytes.size, whole.size);
    for (size_t from = 0; from <= whole.size; from++)
        for (size_t room = 0; room <= whole.size; room++) {
            char piece[64];
            size_t left = whole.size - from, size = room < left ? room : left;
            assert_int_equal(http_bytes_copy(&bytes, from, piece, room), size);
            assert_memory_equal(piece, whole.data + from, size);
        }
}

static void empty_parts_add_nothing(void **state)
{
    (void)state;
    char piece[8];
    struct http_bytes bytes = {.count = 0};
    assert_int_equal(http_bytes_copy(&bytes, 0, piece, sizeof piece), 0);
    http_bytes_add(&bytes, (struct text){NULL, 0});
    http_bytes_add(&bytes, text_literal("ab"));
    http_bytes_add(&bytes, (struct text){NULL, 0});
    assert_int_equal(http_bytes_copy(&bytes, 1, piece, sizeof piece), 1);
    assert_int_equal(piece[0], 'b');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_piece_is_that_of_the_whole),
        cmocka_unit_test(empty_parts_add_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
