/* SPDX-License-Identifier: MIT */
/*
 * Reads visible ASCII through the escapes that texts pass on their way: percent-encoding (RFC 3986
 * section 2.1), HTML's character references, and backslashes as JSON, JavaScript and C have them.
 * Pure; any thread.
 */
#pragma once

#include "base/text.h"

/* The character that the text, which is not empty, begins with, and how many bytes stand for it. An
 * escape of any other character than one of visible ASCII, and half an escape, is taken as it
 * stands. */
size_t unescape(struct text text, char *character);
