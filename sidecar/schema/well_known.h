/* SPDX-License-Identifier: MIT */
/* The message types that have their own form in JSON, which are recognised by their full names.
 * Pure; any thread. */
#pragma once

#include "schema/message.h"

enum well_known well_known_of(struct text full_name);

/* True when a message has the fields of the well-known type of its name, or no such name. */
bool well_known_fits(const struct schema_message *message);
