/* SPDX-License-Identifier: MIT */
/* The entries of a map as they should be once all of them are known. Pure; any thread. */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/compiler.h"
#include "schema/message.h"

/*
 * Leaves one entry of each key, the last, in an order that depends on the keys alone, and gives an
 * entry without a message value an empty one. False when the arena's limit would be passed.
 */
must_use bool map_entries_dedupe(ProtobufCMessage *message, const struct schema_field *map,
                                 struct arena *arena);
