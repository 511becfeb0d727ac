/* SPDX-License-Identifier: MIT */
/* All sources: the one that the options name is opened, and a source that needs no network is
 * asked. */
#pragma once

#include "config/config.h"
#include "credential/source.h"

/* Opens the source that the options name. `config` must outlive it. */
struct source *source_open(const struct config *config);

/* Makes the whole fetch of a source that sends no requests. `ended` is called within, with what was
 * issued or, when `good` is false, with the status. */
void source_ask(struct source *source,
                void (*ended)(struct source_fetch *fetch, bool good, void *context), void *context);

/* The memory of one fetch: secret and of a fixed size, because memory that grows leaves copies
 * behind. */
#define SOURCE_FETCH_BYTES (256U << 10)

/* Describes what was issued, without a secret: "a token of 1200 bytes", "access key QTWA…". */
void issued_describe(const struct issued *issued, struct buffer *out);
