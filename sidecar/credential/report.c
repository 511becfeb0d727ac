/* SPDX-License-Identifier: MIT */
#include "credential/report.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/date.h"
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
    log_event(
        LOG_WARNING, "credential doubted",
        "the upstream has refused the %.*s: %.*s; calls fail until another key comes, and one is "
        "let out in %" PRId64 " s to try this key again",
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

void report_describe(const struct source *source, const struct issued *issued, struct buffer *out)
{
    buffer_add_text(out, text_of(source->kind->name));
    buffer_add_char(out, ' ');
    buffer_add_text(out, text_of(source->place));
    buffer_add_literal(out, ": ");
    issued_describe(issued, out);
    if (issued->project.size > 0) {
        buffer_add_literal(out, " of project ");
        buffer_add_text(out, issued->project);
    }
    if (issued->expires_ns > 0) {
        char date[DATE_BYTES];
        date_write(date, issued->expires_ns / CLOCK_NS_PER_S);
        buffer_add_literal(out, ", until ");
        buffer_add_text(out, text_of(date));
    }
}

void report_fetched(const struct source *source, const struct issued *issued, int64_t next_ns)
{
    struct arena arena;
    struct buffer description;
    arena_init(&arena, DESCRIPTION_BYTES);
    buffer_init(&description, &arena, 0);
    report_describe(source, issued, &description);
    if (issued->expires_ns != 0)
        log_event(LOG_INFO, "credential loaded", "%.*s; the next fetch is in %" PRId64 " s",
                  text_arguments(buffer_text(&description)), next_ns / CLOCK_NS_PER_S);
    else
        log_event(LOG_INFO, "credential loaded", "%.*s; it is fetched again when its files change",
                  text_arguments(buffer_text(&description)));
    arena_clear(&arena);
}

void report_fetch_failed(const struct source *source, const char *host, const char *message,
                         unsigned failures, int64_t next_ns)
{
    log_event(LOG_WARNING, "credential fetch failed",
              "%s: %s: %s; failure %u in a row, the next fetch is in %" PRId64 " ms",
              source->kind->name, host, message, failures, next_ns / CLOCK_NS_PER_MS);
}

void report_expired(const struct source *source)
{
    log_event(LOG_ERROR, "credential expired",
              "the life of the last credential of %s has ended; calls fail until one is fetched",
              source->kind->name);
}
