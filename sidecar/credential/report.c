/* SPDX-License-Identifier: MIT */
#include "credential/report.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/clock.h"
#include "credential/sources.h"
#include "telemetry/log.h"

#include "base/banned.h"

#define DESCRIPTION_BYTES 8192

void report_doubted(const struct issued *issued, int64_t pause_ns, struct text message)
{
    struct arena arena;
    struct buffer description;
    arena_init(&arena, DESCRIPTION_BYTES);
    buffer_init(&description, &arena, 0);
    issued_describe(issued, &description);
    log_event(LOG_WARNING, "credential doubted",
              "the upstream has refused the %.*s: %.*s; calls fail, and one is let out in %" PRId64
              " s to try it again",
              text_arguments(buffer_text(&description)), text_arguments(message),
              pause_ns / CLOCK_NS_PER_S);
    arena_clear(&arena);
}

void report_clock(int64_t last_ns, int64_t offset_ns)
{
    if (llabs(offset_ns - last_ns) < 2 * CLOCK_NS_PER_S)
        return;
    if (offset_ns == 0)
        log_event(LOG_INFO, "clock agrees", "the upstream's clock and ours agree again");
    else
        log_event(LOG_WARNING, "clock differs",
                  "the upstream's clock is %" PRId64 " s %s ours; signatures are corrected by that",
                  (int64_t)llabs(offset_ns) / CLOCK_NS_PER_S,
                  offset_ns > 0 ? "ahead of" : "behind");
}
