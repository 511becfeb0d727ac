/* SPDX-License-Identifier: MIT */
#include "base/log.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

#include "base/banned.h"

/* Lines that wait for their writer; more are dropped and counted. */
#define WAITING_BYTES (256 * 1024)

/* A busy program is not woken for each line: the writer gathers what comes in this time. */
#define GATHER_NS (2 * CLOCK_NS_PER_MS)

#define LAST_WRITE_NS CLOCK_NS_PER_S

/* Kept free in a line for what ends it: `"…"}` and a newline. */
#define LINE_END_BYTES 8

static const char *const level_words[] = {
#define LOG_LEVEL(name, word) [LOG_##name] = word,
    LOG_LEVELS(LOG_LEVEL)
#undef LOG_LEVEL
};

/* The one sink of the process. */
static struct {
    _Atomic int least;
    atomic_bool text, open;
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t filled;
    size_t used;
    uint64_t dropped;
    bool closing;
    int64_t give_up_ns; /* once closing */
    pthread_t writer;
    char waiting[WAITING_BYTES], writing[WAITING_BYTES];
} sink = {.least = LOG_INFO, .lock = PTHREAD_MUTEX_INITIALIZER, .filled = PTHREAD_COND_INITIALIZER};

static bool time_is_over(void)
{
    pthread_mutex_lock(&sink.lock);
    bool over = sink.closing && clock_now_ns() > sink.give_up_ns;
    pthread_mutex_unlock(&sink.lock);
    return over;
}

/* Waits while the reader of stderr takes nothing, unless the program wants to end. */
static void write_all(const char *at, size_t bytes)
{
    while (bytes > 0 && !time_is_over()) {
        struct pollfd writable = {.fd = STDERR_FILENO, .events = POLLOUT};
        if (poll(&writable, 1, 100) == 0)
            continue;
        /* A pipe that is writable takes this much without blocking. */
        ssize_t written = write(STDERR_FILENO, at, bytes < PIPE_BUF ? bytes : PIPE_BUF);
        if (written < 0 && errno != EINTR && errno != EAGAIN)
            return;
        if (written > 0) {
            at += written;
            bytes -= (size_t)written;
        }
    }
}

static void say_dropped(uint64_t dropped)
{
    struct log_line line;
    log_begin(&line, LOG_WARNING, "suppressed");
    log_number(&line, "lines", (int64_t)dropped);
    log_end(&line);
}

static void rest(void)
{
    nanosleep(&(struct timespec){.tv_nsec = GATHER_NS}, NULL);
}

static void *write_lines(void *unused)
{
    (void)unused;
    for (;;) {
        pthread_mutex_lock(&sink.lock);
        while (sink.used == 0 && !sink.closing)
            pthread_cond_wait(&sink.filled, &sink.lock);
        bool closing = sink.closing;
        size_t bytes = sink.used;
        uint64_t dropped = sink.dropped;
        memcpy(sink.writing, sink.waiting, bytes);
        sink.used = 0;
        sink.dropped = 0;
        pthread_mutex_unlock(&sink.lock);

        write_all(sink.writing, bytes);
        if (dropped)
            say_dropped(dropped);
        if (closing && bytes == 0)
            return NULL;
        if (!closing)
            rest();
    }
}

void log_open(enum log_level least, enum log_format format)
{
    sigset_t all, before;
    log_set_level(least);
    sink.text = format == LOG_TEXT;
    sink.closing = false;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    sink.open = pthread_create(&sink.writer, NULL, write_lines, NULL) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

void log_close(void)
{
    if (!sink.open)
        return;
    pthread_mutex_lock(&sink.lock);
    sink.closing = true;
    sink.give_up_ns = clock_now_ns() + LAST_WRITE_NS;
    pthread_cond_signal(&sink.filled);
    pthread_mutex_unlock(&sink.lock);
    pthread_join(sink.writer, NULL);
    sink.open = false;
}

void log_set_level(enum log_level least)
{
    atomic_store_explicit(&sink.least, (int)least, memory_order_relaxed);
}

bool log_enabled(enum log_level level)
{
    return (int)level >= atomic_load_explicit(&sink.least, memory_order_relaxed);
}

static size_t room(const struct log_line *line)
{
    return sizeof line->bytes - LINE_END_BYTES - line->used;
}

/* Cut only where nothing has to be closed behind it. */
static void put(struct log_line *line, const char *at, size_t bytes)
{
    if (bytes > room(line))
        bytes = room(line);
    memcpy(line->bytes + line->used, at, bytes);
    line->used += bytes;
}

static void put_escaped_character(struct log_line *line, char c)
{
    static const char hex[] = "0123456789abcdef";
    const char unicode[] = {'\\', 'u', '0', '0', hex[(unsigned char)c >> 4], hex[c & 15]};
    const char quoted[] = {'\\', c};
    if (c == '"' || c == '\\')
        put(line, quoted, sizeof quoted);
    else
        put(line, unicode, sizeof unicode);
}

static size_t plain_run(struct text text)
{
    size_t bytes = 0;
    while (bytes < text.bytes && (unsigned char)text.at[bytes] >= ' ' && text.at[bytes] != '"' &&
           text.at[bytes] != '\\')
        bytes++;
    return bytes;
}

/* An escape is written whole or not at all; text is cut at a character's end. */
static void put_escaped(struct log_line *line, struct text text)
{
    while (text.bytes > 0 && room(line) >= 6) {
        size_t run = plain_run(text);
        size_t taken = text_cut((struct text){text.at, run}, room(line));
        put(line, text.at, taken);
        if (taken < run || room(line) < 6)
            return;
        text = (struct text){text.at + run, text.bytes - run};
        if (text.bytes > 0) {
            put_escaped_character(line, *text.at);
            text = (struct text){text.at + 1, text.bytes - 1};
        }
    }
}

static void put_value(struct log_line *line, struct text value)
{
    static const struct text replacement = {"(not UTF-8)", 11};
    put_escaped(line, text_is_utf8(value) ? value : replacement);
}

/* `,"name":` or ` name=`; false when the member does not fit, whatever its value. */
static bool put_name(struct log_line *line, const char *name)
{
    size_t bytes = strlen(name);
    if (room(line) < bytes + DECIMAL_BYTES + 8)
        return false;
    put(line, line->text ? " " : ",\"", line->text ? 1 : 2);
    put(line, name, bytes);
    put(line, line->text ? "=" : "\":", line->text ? 1 : 2);
    return true;
}

void log_begin(struct log_line *line, enum log_level level, const char *event)
{
    char stamp[CLOCK_STAMP_BYTES];
    const char *word = level_words[level];
    clock_stamp(stamp);
    line->used = 0;
    line->text = sink.text;
    put(line, "{\"time\":\"", line->text ? 0 : 9);
    put(line, stamp, CLOCK_STAMP_BYTES - 1);
    put(line, line->text ? " " : "\",\"level\":\"", line->text ? 1 : 11);
    put(line, word, strlen(word));
    put(line, line->text ? " " : "\",\"event\":\"", line->text ? 1 : 11);
    put(line, event, strlen(event));
    put(line, "\"", line->text ? 0 : 1);
}

void log_text(struct log_line *line, const char *name, struct text value)
{
    if (value.bytes == 0 || !put_name(line, name))
        return;
    put(line, "\"", 1);
    put_value(line, value);
    /* Room for it was kept. */
    line->bytes[line->used++] = '"';
}

void log_number(struct log_line *line, const char *name, int64_t value)
{
    char digits[DECIMAL_BYTES];
    if (!put_name(line, name))
        return;
    put(line, "-", value < 0);
    put(line, digits, text_from_u64(digits, value < 0 ? 0 - (uint64_t)value : (uint64_t)value));
}

void log_milliseconds(struct log_line *line, const char *name, int64_t nanoseconds)
{
    char digits[DECIMAL_BYTES];
    uint64_t microseconds = nanoseconds < 0 ? 0 : (uint64_t)nanoseconds / 1000;
    if (!put_name(line, name))
        return;
    put(line, digits, text_from_u64(digits, microseconds / 1000));
    const unsigned rest_us = (unsigned)(microseconds % 1000);
    const char fraction[] = {'.', (char)('0' + rest_us / 100), (char)('0' + rest_us / 10 % 10),
                             (char)('0' + rest_us % 10)};
    put(line, fraction, sizeof fraction);
}

static void hand_to_writer(const struct log_line *line)
{
    pthread_mutex_lock(&sink.lock);
    bool fits = line->used <= WAITING_BYTES - sink.used;
    bool wake = sink.used == 0;
    if (fits) {
        memcpy(sink.waiting + sink.used, line->bytes, line->used);
        sink.used += line->used;
    } else {
        sink.dropped++;
    }
    if (wake)
        pthread_cond_signal(&sink.filled);
    pthread_mutex_unlock(&sink.lock);
}

void log_end(struct log_line *line)
{
    if (!line->text)
        line->bytes[line->used++] = '}';
    line->bytes[line->used++] = '\n';
    if (sink.open)
        hand_to_writer(line);
    else
        write_all(line->bytes, line->used);
}

void log_event(enum log_level level, const char *event, const char *format, ...)
{
    char message[1024];
    struct log_line line;
    va_list arguments;
    if (!log_enabled(level))
        return;
    va_start(arguments, format);
    text_format(message, sizeof message, format, arguments);
    va_end(arguments);
    log_begin(&line, level, event);
    log_text(&line, "message", text_of(message));
    log_end(&line);
}
