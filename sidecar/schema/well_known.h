/* SPDX-License-Identifier: MIT */
/* The message types that JSON writes in a form of their own, recognised by their full names. Pure;
 * any thread. */
#pragma once

#include "schema/message.h"

enum well_known well_known_of(struct text full_name);

/* True when a message has the fields that its well-known type has, or is none. */
bool well_known_fits(const struct schema_message *message);
