/* SPDX-License-Identifier: MIT */
/* The bytes that every HTTP/2 client says first (RFC 9113 section 3.4). Pure; any thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#define PREFACE_BYTES 24

/* True when `at`, of at most PREFACE_BYTES, is how the preface begins. */
static inline bool preface_begins(const char *at, size_t bytes)
{
    return memcmp(at, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", bytes) == 0;
}
