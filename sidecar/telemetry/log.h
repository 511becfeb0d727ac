/* SPDX-License-Identifier: MIT */
/*
 * The log: one line for each event on stderr, as a JSON object or as text for people. A line is
 * built on the caller's stack and handed to the log's thread, so that a reader of stderr that does
 * not read never holds up a call; lines that do not fit or that cannot be written are dropped, and
 * their number is logged when lines can be written again.
 * Any thread, between log_open and log_close; before log_open, a line is written by its caller.
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
#define LOG_LEVEL(name, text) LOG_##name,
    LOG_LEVELS(LOG_LEVEL)
#undef LOG_LEVEL
};

enum log_format { LOG_JSON, LOG_TEXT };

/* Starts the log's thread. Lines below `least` are not written from now on. Without a thread, each
 * line is written by its caller. */
void log_open(enum log_level least, enum log_format format);

/* Writes the lines that wait, for at most a second, and ends the thread. A thread that is still
 * writing then is left to the end of the process. */
void log_close(void);

/* Sets the least level that is written. */
void log_set_level(enum log_level least);

bool log_enabled(enum log_level level);

/* Parses "debug", "info", "warning" or "error"; false for anything else. */
must_use bool log_level_parse(struct text name, enum log_level *level);

/* A line that is being built. Members that do not fit are cut or left out, so that the line stays
 * well-formed. */
#define LOG_LINE_BYTES 2048

struct log_line {
    size_t used;
    enum log_format format; /* when the line was begun */
    char bytes[LOG_LINE_BYTES];
};

/* Begins a line with time, level and event: "call", "listening". `event` needs no escaping. */
void log_begin(struct log_line *line, enum log_level level, const char *event);

/* Adds a member: a name, which is a literal that needs no escaping, and its value, as the functions
 * below take it. In a text, quotes and control characters are escaped, and bytes that are not UTF-8
 * become U+FFFD; an empty text is left out. */
#define log_text(line, name, ...) log_text_member(line, LOG_KEY(name), __VA_ARGS__)
#define log_number(line, name, ...) log_number_member(line, LOG_KEY(name), __VA_ARGS__)
#define log_milliseconds(line, name, ...) log_milliseconds_member(line, LOG_KEY(name), __VA_ARGS__)

/* The name of a member with its marks in JSON, so that it is copied as a whole. */
#define LOG_KEY(name) text_literal(",\"" name "\":")

/* The functions behind these macros; `key` is a LOG_KEY. */
void log_text_member(struct log_line *line, struct text key, struct text value);
void log_number_member(struct log_line *line, struct text key, int64_t value);
void log_milliseconds_member(struct log_line *line, struct text key, int64_t nanoseconds);

/* Writes the line. */
void log_end(struct log_line *line);

/* Why lines are not written. */
enum log_loss {
    LOG_LOSS_RATE_LIMIT,   /* the one below */
    LOG_LOSS_SLOW_READER,  /* of stderr, so that lines no longer fitted */
    LOG_LOSS_WRITE_FAILED, /* to stderr: a full disk, a reader that is gone, no stderr at all */
    LOG_LOSS_COUNT,
};

/* Number of lines that were not written since the start for that reason. */
uint64_t log_unwritten(enum log_loss loss);

/* Logs an event with a message; `format` is printf's. */
void log_event(enum log_level level, const char *event, const char *format, ...) printf_like(3, 4);

/*
 * Events that peers can cause at any rate. Of each, ten are written at once and then one a second.
 * The next line that is written has the number of those that were not in `suppressed`, and
 * log_close writes the remaining numbers.
 */
#define LOG_REPEATS(row)                                                                           \
    row(CONNECTION_REFUSED, "connection refused") row(CONNECTION_CLOSED, "connection closed")      \
        row(CORE, "gRPC core") row(RESPONSE_MEMBER, "response member unreadable")

enum log_repeat {
#define LOG_REPEAT(name, event) LOG_REPEAT_##name,
    LOG_REPEATS(LOG_REPEAT)
#undef LOG_REPEAT
        LOG_REPEAT_COUNT,
};

/* log_begin for one of these events; false when the line is not to be written. */
must_use bool log_begin_repeat(struct log_line *line, enum log_level level, enum log_repeat which);

/* log_event for one of these events. */
void log_event_repeat(enum log_level level, enum log_repeat which, const char *format, ...)
    printf_like(3, 4);
