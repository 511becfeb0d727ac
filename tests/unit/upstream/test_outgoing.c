/* SPDX-License-Identifier: MIT */
/* Does each piece come to the same place again, and does none outlive the round of the loop? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "upstream/connector.h"
#include "upstream/outgoing.h"

#include "base/banned.h"

static void a_piece_that_was_not_taken_comes_to_the_same_place_again(void **state)
{
    (void)state;
    struct outgoing *outgoing = outgoing_new();
    struct http_bytes first = {.count = 0}, second = {.count = 0};
    http_bytes_add(&first, text_literal("first"));
    http_bytes_add(&second, text_literal("second"));
    struct text piece = outgoing_piece(outgoing, &first, 1);
    outgoing_piece(outgoing, &second, 0);
    outgoing_wipe(outgoing);
    struct text again = outgoing_piece(outgoing, &first, 1);
    assert_ptr_equal(again.data, piece.data);
    assert_true(text_equal(again, text_literal("irst")));
    outgoing_free(outgoing);
}

static void a_piece_is_as_large_as_may_be_sent_at_once(void **state)
{
    (void)state;
    struct outgoing *outgoing = outgoing_new();
    size_t size = TRANSPORT_PIECE_BYTES + 100;
    char *body = calloc(1, size);
    struct http_bytes request = {.count = 0};
    http_bytes_add(&request, (struct text){body, size});
    assert_int_equal(outgoing_piece(outgoing, &request, 0).size, TRANSPORT_PIECE_BYTES);
    assert_int_equal(outgoing_piece(outgoing, &request, TRANSPORT_PIECE_BYTES).size, 100);
    outgoing_free(outgoing);
    free(body);
}

/* A small piece may lie over a larger one of the same round. */
static void a_wipe_overwrites_all_that_was_put_together(void **state)
{
    (void)state;
    struct outgoing *outgoing = outgoing_new();
    struct http_bytes request = {.count = 0};
    http_bytes_add(&request, text_literal("a long secret"));
    struct text piece = outgoing_piece(outgoing, &request, 0);
    outgoing_piece(outgoing, &request, 10);
    outgoing_wipe(outgoing);
    for (size_t i = 0; i < piece.size; i++)
        assert_int_equal(piece.data[i], 0);
    outgoing_free(outgoing);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_piece_that_was_not_taken_comes_to_the_same_place_again),
        cmocka_unit_test(a_piece_is_as_large_as_may_be_sent_at_once),
        cmocka_unit_test(a_wipe_overwrites_all_that_was_put_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
