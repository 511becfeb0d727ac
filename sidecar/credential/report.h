/* SPDX-License-Identifier: MIT */
/* The log lines about the credential; none has a secret. Any thread. */
#pragma once

#include <stdint.h>

#include "base/text.h"
#include "credential/issued.h"
#include "credential/source.h"

/* The upstream has refused the key, with that message; it is tried again after the pause. */
void report_doubted(const struct issued *issued, int64_t pause_ns, struct text message);

/* The difference between the server's clock and ours has changed. Nothing is logged when it is the
 * same but for a second. */
void report_clock(int64_t last_ns, int64_t offset_ns);

/* A fetch has given a credential; the next one is in `next_ns`, or not planned when that is 0. */
void report_fetched(const struct source *source, const struct issued *issued, int64_t next_ns);

/* The fetch from that host has failed, the `failures`th time in a row. */
void report_fetch_failed(const struct source *source, const char *host, const char *message,
                         unsigned failures, int64_t next_ns);

/* The life of the credential in use has ended. */
void report_expired(const struct source *source);

/* Adds what was issued, without a secret: kind, project and end. */
void report_describe(const struct source *source, const struct issued *issued, struct buffer *out);
