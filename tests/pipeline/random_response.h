/* SPDX-License-Identifier: MIT */
/* Responses at random for the pipeline's rig: whole ones, broken ones, large ones, slow ones and
 * lost connections. The sequence is the same in each run. Not for several threads. */
#pragma once

#include "rig.h"

/* The credential of the rig. Upstream responses hold it too; no status and no log line may. */
#define TOKEN "MIIF-a-token-that-nobody-may-see"

#define MOST_RESPONSES 6

/* A random number from 0 to below - 1. */
uint64_t random_below(uint64_t below);

/* Fills in responses whose bytes are valid until the next call. */
void random_responses(struct rig_response responses[MOST_RESPONSES]);
