/* SPDX-License-Identifier: MIT */
/* The text of a log line, for log.c alone: how it begins and ends. What stands between is added by
 * the functions of log.h. Any thread. */
#pragma once

#include "telemetry/log.h"

void log_line_begin(struct log_line *line, enum log_format format, enum log_level level,
                    const char *event);

/* Always fits. */
void log_line_end(struct log_line *line);
