/* SPDX-License-Identifier: MIT */
/*
 * SipHash-2-4 (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012): a hash for texts
 * that peers choose. Without the key nobody can find two texts with the same hash. Pure; any
 * thread.
 */
#pragma once

#include <stdint.h>

#include "base/text.h"

struct siphash_key {
    uint64_t halves[2];
};

uint64_t siphash(const struct siphash_key *key, struct text text);
