/* SPDX-License-Identifier: MIT */
#include "server/core_log.h"

#include <grpc/support/log.h>

#include "base/text.h"
#include "telemetry/log.h"

#include "base/banned.h"

/* Of a message: its rest repeats bytes of the peer's, or where in C-core the error passed. */
#define MESSAGE_BYTES 300

/* What C-core calls an error is a peer's mistake or a broken connection. */
static enum log_level level_of(gpr_log_severity severity)
{
    return severity == GPR_LOG_SEVERITY_ERROR ? LOG_WARNING : LOG_DEBUG;
}

static void take(gpr_log_func_args *said)
{
    struct log_line line;
    struct text message = text_of(said->message);
    const char *file = strrchr(said->file, '/');
    if (!log_begin_repeat(&line, level_of(said->severity), LOG_REPEAT_CORE))
        return;
    log_text(&line, "message", (struct text){message.data, text_cut(message, MESSAGE_BYTES)});
    log_text(&line, "file", text_of(file ? file + 1 : said->file));
    log_number(&line, "line", said->line);
    log_end(&line);
}

void core_log_take_over(void)
{
    gpr_set_log_function(take);
}
