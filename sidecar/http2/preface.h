/* SPDX-License-Identifier: MIT */
/* The bytes that every HTTP/2 client sends first (RFC 9113 section 3.4). Pure; any thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#define PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
#define PREFACE_BYTES (sizeof PREFACE - 1)

/* Returns whether the preface begins with these bytes, at most PREFACE_BYTES. */
static inline bool preface_begins(const char *at, size_t bytes)
{
    return memcmp(at, PREFACE, bytes) == 0;
}
