/* SPDX-License-Identifier: MIT */
#include "hostile_play.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/memory.h"

#include "base/banned.h"

static bool core_has_whole_call(const struct peers *peers)
{
    const struct core_stream *stream = &peers->streams[CULPRIT];
    return stream->ended && !stream->reset;
}

static void check_outcome(struct peers *peers, const struct row *row)
{
    uint32_t last = 0;
    switch (row->outcome) {
    case SERVED:
        assert_true(core_has_whole_call(peers));
        assert_int_equal(got_status(peers, CULPRIT), -1);
        break;
    case STATUS:
        assert_int_equal(got_status(peers, CULPRIT), row->code);
        assert_false(core_has_whole_call(peers));
        break;
    case RESET:
        assert_true(got_reset(peers, row_stream(row), row->code));
        assert_false(core_has_whole_call(peers));
        break;
    case CONNECTION:
        assert_true(got_goaway(peers, row->code, &last));
        assert_int_equal(last, row_stream(row));
        assert_int_equal(guard_state(peers->guard), GUARD_FINISHING);
        break;
    case PENDING:
    default:
        assert_false(peers->streams[CULPRIT].ended || peers->streams[CULPRIT].reset);
        break;
    }
}

/* The call that was in flight beside it ends with its own outcome. */
static void check_neighbour(struct peers *peers)
{
    core_responds(peers, NEIGHBOUR);
    assert_int_equal(got_status(peers, NEIGHBOUR), 0);
    assert_int_equal(count_got(peers, FRAME_DATA, NEIGHBOUR), 1);
    assert_int_equal(count_got(peers, FRAME_RST_STREAM, NEIGHBOUR), 0);
    assert_false(peers->streams[NEIGHBOUR].reset);
}

static void play(struct peers *peers, const struct row *row)
{
    struct output bytes = {0};
    caller_connects(peers);
    put_request(&bytes, NEIGHBOUR, 0);
    put_message(&bytes, NEIGHBOUR, FLAG_END_STREAM, text_literal(CREATE));
    put_row(&bytes, row);
    caller_sends(peers, &bytes);
}

static void a_row_ends_what_is_at_fault_and_nothing_else(void **state)
{
    const struct row *row = *state;
    struct peers peers;
    peers_init(&peers);
    play(&peers, row);
    check_outcome(&peers, row);
    check_neighbour(&peers);
    peers_clear(&peers);
}

static void assert_same(const struct output *a, const struct output *b)
{
    assert_int_equal(a->size, b->size);
    assert_memory_equal(a->data, b->data, a->size);
}

static void a_row_has_the_same_output_however_it_is_cut(void **state)
{
    static const size_t pieces[] = {1, 2, 7, 1000};
    struct peers whole;
    peers_init(&whole);
    play(&whole, *state);
    for (size_t i = 0; i < array_length(pieces); i++) {
        struct peers cut;
        peers_init(&cut);
        cut.piece = pieces[i];
        play(&cut, *state);
        assert_same(&whole.to_core, &cut.to_core);
        assert_same(&whole.to_caller, &cut.to_caller);
        peers_clear(&cut);
    }
    peers_clear(&whole);
}

int run_rows(const struct row *rows, size_t count)
{
    struct CMUnitTest *tests = memory_expect(calloc(2 * count, sizeof *tests));
    for (size_t i = 0; i < count; i++) {
        void *row = (void *)(uintptr_t)&rows[i];
        tests[2 * i] = (struct CMUnitTest){
            rows[i].name, a_row_ends_what_is_at_fault_and_nothing_else, NULL, NULL, row};
        tests[2 * i + 1] = (struct CMUnitTest){
            rows[i].name, a_row_has_the_same_output_however_it_is_cut, NULL, NULL, row};
    }
    int failed = _cmocka_run_group_tests("rows", tests, 2 * count, NULL, NULL);
    free(tests);
    return failed;
}
