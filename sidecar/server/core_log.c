/* SPDX-License-Identifier: MIT */
#include "server/core_log.h"

#include <grpc/support/log.h>

#include "base/text.h"
#include "telemetry/log.h"

#include "base/banned.h"

#ifdef GPR_ASSERT /* The releases that have it have the hook. */

/* Messages are cut, because their rest repeats bytes of the peer or lists where in C-core the error
 * passed. */
#define MESSAGE_BYTES 300

/* C-core's errors are mistakes of a peer or broken connections. */
static enum log_level level_of(gpr_log_severity severity)
{
    return severity == GPR_LOG_SEVERITY_ERROR ? LOG_WARNING : LOG_DEBUG;
}

static void write_line(gpr_log_func_args *logged)
{
    struct log_line line;
    struct text message = text_of(logged->message);
    const char *file = strrchr(logged->file, '/');
    if (!log_begin_repeat(&line, level_of(logged->severity), LOG_REPEAT_CORE))
        return;
    log_text(&line, "message", (struct text){message.data, text_cut(message, MESSAGE_BYTES)});
    log_text(&line, "file", text_of(file ? file + 1 : logged->file));
    log_number(&line, "line", logged->line);
    log_end(&line);
}

void core_log_take_over(void)
{
    gpr_set_log_function(write_line);
}

#else

/* Later ones log by abseil, which offers C no hook: their errors go to stderr as they are. */
void core_log_take_over(void)
{
}

#endif
