/* SPDX-License-Identifier: MIT */
/*
 * The headers that name the trace of a request: W3C Trace Context, and B3 in one header or in
 * several. Pure; any thread.
 */
#pragma once

#include "base/text.h"

/* Returns whether `name` is such a header and its value has the form that its standard demands,
 * which makes it legal in HTTP. Sets `trace_id` to a view of the value if the value holds one. */
must_use bool trace_context_read(struct text name, struct text value, struct text *trace_id);
