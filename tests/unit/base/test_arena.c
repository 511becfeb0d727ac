/* SPDX-License-Identifier: MIT */
/* Does an arena give separate memory up to its limit and not a byte beyond? */
#include <setjmp.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"

#include "base/banned.h"

static void an_arena_takes_nothing_before_its_first_use(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1 << 20);
    assert_int_equal(arena.taken, 0);
    arena_clear(&arena);
}

/* Sizes around those of alignment and blocks: each piece keeps what was written into it. */
static void pieces_are_aligned_and_do_not_overlap(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 15, 16, 17, 100, 4096, 8176, 8192, 8193, 20000};
    struct arena arena;
    unsigned char *pieces[40 * array_length(sizes)];
    arena_init(&arena, 1 << 22);
    for (size_t i = 0; i < array_length(pieces); i++) {
        size_t bytes = sizes[i % array_length(sizes)];
        pieces[i] = arena_alloc(&arena, bytes);
        assert_non_null(pieces[i]);
        assert_int_equal((uintptr_t)pieces[i] % alignof(max_align_t), 0);
        memset(pieces[i], (int)(i % 251), bytes);
    }
    for (size_t i = 0; i < array_length(pieces); i++)
        for (size_t at = 0; at < sizes[i % array_length(sizes)]; at++)
            assert_int_equal(pieces[i][at], i % 251);
    arena_clear(&arena);
}

static void the_limit_is_never_passed(void **state)
{
    (void)state;
    for (size_t limit = 0; limit < 40000; limit += 1111) {
        struct arena arena;
        arena_init(&arena, limit);
        size_t given = 0;
        while (arena_alloc(&arena, 1000))
            given += 1000;
        assert_true(arena.taken <= limit);
        assert_true(given <= limit);
        assert_true(limit < 1024 || given > limit / 2);
        arena_clear(&arena);
    }
}

static void a_refused_allocation_leaves_room_for_a_smaller_one(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1024);
    assert_null(arena_alloc(&arena, 1025));
    assert_non_null(arena_alloc(&arena, 1024));
    assert_null(arena_alloc(&arena, 1));
    arena_clear(&arena);
}

static void sizes_that_overflow_are_refused(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, SIZE_MAX);
    for (size_t less = 0; less < 40; less++) {
        assert_null(arena_alloc(&arena, SIZE_MAX - less % 16));
        assert_null(arena_copy(&arena, "", SIZE_MAX - less % 16));
    }
    arena_clear(&arena);
}

static void an_allocation_of_no_bytes_succeeds(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 64);
    assert_non_null(arena_alloc(&arena, 0));
    assert_non_null(arena_zalloc(&arena, 0));
    arena_clear(&arena);
}

static void zeroed_memory_is_zero_also_where_it_was_used_before(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1 << 16);
    for (size_t i = 0; i < 2; i++) {
        unsigned char *bytes = arena_zalloc(&arena, 4000);
        for (size_t at = 0; at < 4000; at++)
            assert_int_equal(bytes[at], 0);
        memset(bytes, 0xff, 4000);
        arena_clear(&arena);
    }
}

static void a_copy_is_terminated(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1 << 16);
    memset(arena_alloc(&arena, 4000), 0xff, 4000);
    assert_string_equal(arena_copy(&arena, "copied and not", 6), "copied");
    assert_string_equal(arena_copy(&arena, "", 0), "");
    arena_clear(&arena);
}

static void a_cleared_arena_has_its_limit_again(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1000);
    for (size_t i = 0; i < 3; i++) {
        assert_non_null(arena_alloc(&arena, 992));
        assert_null(arena_alloc(&arena, 16));
        arena_clear(&arena);
        assert_int_equal(arena.taken, 0);
    }
}

static void memory_of_the_callers_is_used_first_and_counts(void **state)
{
    (void)state;
    alignas(max_align_t) char memory[512];
    struct arena arena;
    arena_init_with(&arena, 1024, memory, sizeof memory);
    char *first = arena_alloc(&arena, 512);
    assert_ptr_equal(first, memory);
    char *second = arena_alloc(&arena, 16);
    assert_true(second && (second < memory || second >= memory + sizeof memory));
    assert_null(arena_alloc(&arena, 512));
    assert_int_equal(arena.taken, 1024);
    arena_clear(&arena);
}

struct owner {
    struct arena_quota quota;
    size_t left, most_taken;
};

static bool reserve(struct arena_quota *quota, const struct arena *arena, size_t bytes)
{
    struct owner *owner = (struct owner *)quota;
    owner->most_taken = arena->taken > owner->most_taken ? arena->taken : owner->most_taken;
    if (bytes > owner->left)
        return false;
    owner->left -= bytes;
    return true;
}

static void release(struct arena_quota *quota, size_t bytes)
{
    ((struct owner *)quota)->left += bytes;
}

static void arenas_share_a_quota_and_give_it_back(void **state)
{
    (void)state;
    struct owner owner = {{reserve, release}, 30000, 0};
    struct arena first, second;
    arena_init(&first, 1 << 20);
    arena_init(&second, 1 << 20);
    first.quota = second.quota = &owner.quota;
    for (size_t i = 0; i < 3; i++) {
        assert_non_null(arena_alloc(&first, 20000));
        assert_null(arena_alloc(&second, 20000));
        assert_true(second.refused && !first.refused);
        assert_non_null(arena_alloc(&second, 100));
        assert_non_null(arena_alloc(&second, 100));
        arena_clear(&second);
        assert_false(second.refused);
        arena_clear(&first);
        assert_int_equal(owner.left, 30000);
    }
}

static void a_quota_is_asked_with_what_the_arena_has(void **state)
{
    (void)state;
    alignas(max_align_t) char memory[512];
    struct owner owner = {{reserve, release}, 30000, 0};
    struct arena arena;
    arena_init_with(&arena, 1 << 20, memory, sizeof memory);
    arena.quota = &owner.quota;
    assert_non_null(arena_alloc(&arena, 512));
    assert_int_equal(owner.left, 30000);
    assert_non_null(arena_alloc(&arena, 10000));
    assert_int_equal(owner.most_taken, 512);
    assert_non_null(arena_alloc(&arena, 10000));
    assert_int_equal(owner.most_taken, 10512);
    arena_clear(&arena);
    assert_int_equal(owner.left, 30000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_arena_takes_nothing_before_its_first_use),
        cmocka_unit_test(pieces_are_aligned_and_do_not_overlap),
        cmocka_unit_test(the_limit_is_never_passed),
        cmocka_unit_test(a_refused_allocation_leaves_room_for_a_smaller_one),
        cmocka_unit_test(sizes_that_overflow_are_refused),
        cmocka_unit_test(an_allocation_of_no_bytes_succeeds),
        cmocka_unit_test(zeroed_memory_is_zero_also_where_it_was_used_before),
        cmocka_unit_test(a_copy_is_terminated),
        cmocka_unit_test(a_cleared_arena_has_its_limit_again),
        cmocka_unit_test(memory_of_the_callers_is_used_first_and_counts),
        cmocka_unit_test(arenas_share_a_quota_and_give_it_back),
        cmocka_unit_test(a_quota_is_asked_with_what_the_arena_has),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
