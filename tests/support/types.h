/* SPDX-License-Identifier: MIT */
/* The types of protos/types.proto for the tests of one group: types_load and types_unload are its
 * setup and its teardown. Include cmocka.h first. */
#pragma once

#include "sets.h"

static struct sets sets;

static inline int types_load(void **state)
{
    (void)state;
    sets = sets_load("protos/types.binpb");
    return 0;
}

static inline int types_unload(void **state)
{
    (void)state;
    sets_clear(&sets);
    return 0;
}
