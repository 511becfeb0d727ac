/* SPDX-License-Identifier: MIT */
/*
 * The log: one line per event on stderr, as a JSON object or as text for people. A line is built on
 * its writer's stack and handed to a thread of the log's own, so that a reader of stderr who stops
 * reading never stops a call; lines that no longer fit are counted and the count is logged. Any
 * thread, between log_open and log_close; without log_open lines are written at once.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/text.h"

#define LOG_LEVELS(row)                                                                            \
    row(DEBUG, "debug") row(INFO, "info") row(WARNING, "warning") row(ERROR, "error")

enum log_level {
#define LOG_LEVEL(name, word) LOG_##name,
    LOG_LEVELS(LOG_LEVEL)
#undef LOG_LEVEL
};

enum log_format { LOG_JSON, LOG_TEXT };

/* Starts the log's thread, which takes no signals. Lines below `least` are dropped from here on. */
void log_open(enum log_level least, enum log_format format);

/* Writes what is still waiting, for at most a second, and ends the thread; one that is still stuck
 * then in a write is left to the end of the process. */
void log_close(void);

/* The least level that is written, changed while running. */
void log_set_level(enum log_level least);

bool log_enabled(enum log_level level);

/* "debug", "info", "warning" or "error"; false for anything else. */
must_use bool log_level_parse(struct text word, enum log_level *level);

/* A line under construction. What does not fit is cut, and the line stays well-formed. */
#define LOG_LINE_BYTES 2048

struct log_line {
    size_t used;
    enum log_format format; /* fixed when the line was begun */
    char bytes[LOG_LINE_BYTES];
};

/* Begins a line with time, level and what happened: "call", "listening". `event` is a plain word.
 */
void log_begin(struct log_line *line, enum log_level level, const char *event);

/* Adds a member; names are plain words. Of text, quotes and control characters are escaped, bytes
 * that are not UTF-8 become U+FFFD; an empty one is left out. */
void log_text(struct log_line *line, const char *name, struct text value);
void log_number(struct log_line *line, const char *name, int64_t value);
void log_milliseconds(struct log_line *line, const char *name, int64_t nanoseconds);

/* Writes the line. */
void log_end(struct log_line *line);

/* How many lines were not written since the start: for the limit below, or a slow reader. */
uint64_t log_unwritten(void);

/* A life event in one go: message is printf's. */
void log_event(enum log_level level, const char *event, const char *format, ...) printf_like(3, 4);

/*
 * Events that others can cause as often as they like. Of each, ten are written at once and then one
 * a second; the next that is written tells in `suppressed` how many were not, and log_close tells
 * the rest.
 */
#define LOG_REPEATS(row)                                                                           \
    row(CONNECTION_REFUSED, "connection refused") row(CONNECTION_CLOSED, "connection closed")      \
        row(CORE, "gRPC core") row(RESPONSE_MEMBER, "answer member unreadable")

enum log_repeat {
#define LOG_REPEAT(name, event) LOG_REPEAT_##name,
    LOG_REPEATS(LOG_REPEAT)
#undef LOG_REPEAT
        LOG_REPEAT_COUNT,
};

/* log_begin for one of them; false when it is not to be written. */
must_use bool log_begin_repeat(struct log_line *line, enum log_level level, enum log_repeat which);

/* log_event for one of them. */
void log_event_repeat(enum log_level level, enum log_repeat which, const char *format, ...)
    printf_like(3, 4);
