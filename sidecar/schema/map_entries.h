/* SPDX-License-Identifier: MIT */
/* Completion of the entries of a map after the last one was read. Pure; any thread. */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/compiler.h"
#include "schema/message.h"

/*
 * Keeps the last entry of each key, in an order that depends on the keys alone, and gives each
 * entry without a message value an empty one. False when the limit of the arena would be passed.
 */
must_use bool map_entries_dedupe(ProtobufCMessage *message, const struct schema_field *map,
                                 struct arena *arena);
