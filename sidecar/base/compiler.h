/* SPDX-License-Identifier: MIT */
/*
 * What the compiler is told beyond the language: results that must be used, formats that are
 * checked, and variables that clean up after themselves. Needs gcc or clang.
 */
#pragma once

#define must_use __attribute__((warn_unused_result))
#define printf_like(format_at, first_argument)                                                     \
    __attribute__((format(printf, format_at, first_argument)))

/* `scoped(thing) struct thing x;` runs thing_clear(&x) when x leaves its scope. */
#define scoped(kind) __attribute__((cleanup(kind##_clear)))

#define array_length(array) (sizeof(array) / sizeof((array)[0]))

/* The struct of type `type` whose member `member` is at `pointer`. */
#define container_of(pointer, type, member) ((type *)((char *)(pointer)-offsetof(type, member)))
