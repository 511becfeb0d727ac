/* SPDX-License-Identifier: MIT */
/* Custom options of descriptors, which are extensions of the messages of descriptor.proto. Used at
 * start, by one thread. */
#pragma once

#include "schema/descriptor_set.h"

/* Finds a text or a message among serialized options, by the number of its extension. The
 * occurrences of a message are joined, because protoc writes one for each line and a message in
 * pieces is merged. False when the option is absent. */
must_use bool option_find_message(struct text options, uint32_t extension, struct arena *arena,
                                  struct text *option);
must_use bool option_find_text(struct text options, uint32_t extension, struct text *option);
