/* SPDX-License-Identifier: MIT */
/* The beginning and the end of a log line, for log.c; functions of log.h add the members between
 * them. Any thread. */
#pragma once

#include "telemetry/log.h"

void log_line_begin(struct log_line *line, enum log_format format, enum log_level level,
                    const char *event);

/* Always fits. */
void log_line_end(struct log_line *line);
