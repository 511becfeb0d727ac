/* SPDX-License-Identifier: MIT */
/* The log lines about the credential; none has a secret. Any thread. */
#pragma once

#include <stdint.h>

#include "base/text.h"
#include "credential/issued.h"

/* The upstream has refused the key, with that message; it is tried again after the pause. */
void report_doubted(const struct issued *issued, int64_t pause_ns, struct text message);

/* The difference between the server's clock and ours has changed. Nothing is logged when it is the
 * same but for a second. */
void report_clock(int64_t last_ns, int64_t offset_ns);
