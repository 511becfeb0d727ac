/* SPDX-License-Identifier: MIT */
/*
 * The headers by which services tell one another which trace a request belongs to: W3C Trace
 * Context and B3, in one header and in several. Pure; any thread.
 */
#pragma once

#include "base/text.h"

/* Whether it is such a header and its value is of the form that its standard demands. `trace_id` is
 * set, to a view of the value, when that tells one, and left alone otherwise. */
must_use bool trace_context_read(struct text name, struct text value, struct text *trace_id);
