/* SPDX-License-Identifier: MIT */
/*
 * Attributes and macros beyond the C language: results that must be used, formats that the compiler
 * checks, and the struct around a member. Needs gcc or clang.
 */
#pragma once

#define must_use __attribute__((warn_unused_result))
#define printf_like(format_at, first_argument)                                                     \
    __attribute__((format(printf, format_at, first_argument)))

#define array_length(array) (sizeof(array) / sizeof((array)[0]))

/* The struct of type `type` whose member `member` is at `pointer`. */
#define container_of(pointer, type, member) ((type *)((char *)(pointer)-offsetof(type, member)))
