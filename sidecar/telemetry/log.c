/* SPDX-License-Identifier: MIT */
#include "telemetry/log.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/rate_limit.h"
#include "system/thread.h"
#include "telemetry/log_line.h"

#include "base/banned.h"

/* Memory for lines that wait for the writer; as much again holds those being written. */
#define WAITING_BYTES (256 * 1024)

/* The writer gathers the lines of this time, so that a busy program does not wake it for each. */
#define GATHER_NS (2 * CLOCK_NS_PER_MS)

/* Time for the last lines when the log closes. */
#define LAST_WRITE_NS CLOCK_NS_PER_S

/* Of an event that repeats, a burst is written, and then one line in each interval. */
#define REPEAT_NS CLOCK_NS_PER_S
#define REPEAT_BURST 10

static const char *const repeated_events[] = {
#define LOG_REPEAT(name, event) [LOG_REPEAT_##name] = (event),
    LOG_REPEATS(LOG_REPEAT)
#undef LOG_REPEAT
};

/* The one sink of the process. */
static struct {
    _Atomic int least;
    struct {
        struct rate_limit rate;
        _Atomic uint64_t suppressed;
    } repeats[LOG_REPEAT_COUNT];
    _Atomic uint64_t unwritten[LOG_LOSS_COUNT]; /* lines since the start */
    atomic_bool ends_within_line;               /* what was written last */
    pthread_mutex_t lock;                       /* of what follows */
    pthread_cond_t filled;
    struct thread writer;
    bool open;
    _Atomic enum log_format format;
    uint64_t dropped;
    size_t used;
    int filling; /* index of the buffer that lines are added to */
    char waiting[2][WAITING_BYTES];
} sink = {.least = LOG_INFO, .lock = PTHREAD_MUTEX_INITIALIZER, .filled = PTHREAD_COND_INITIALIZER};

/* Writes as much as can be. Waits while the reader of stderr does not read. Returns what is left
 * because writing failed. */
static struct text write_bytes(struct text bytes)
{
    while (bytes.size > 0) {
        (void)poll(&(struct pollfd){.fd = STDERR_FILENO, .events = POLLOUT}, 1, -1);
        /* A pipe that is writable takes this much without blocking. */
        size_t most = bytes.size < PIPE_BUF ? bytes.size : PIPE_BUF;
        ssize_t written = write(STDERR_FILENO, bytes.data, most);
        if (written < 0 && errno != EINTR && errno != EAGAIN)
            return bytes;
        if (written > 0)
            bytes = text_skip(bytes, (size_t)written);
    }
    return bytes;
}

/* Relaxed, like level and format: numbers that no other memory depends on. */
static void count_loss(enum log_loss loss, uint64_t lines)
{
    atomic_fetch_add_explicit(&sink.unwritten[loss], lines, memory_order_relaxed);
}

/* Returns the number of lines that are lost. A line that was cut off is ended first. */
static uint64_t write_lines(const char *at, size_t bytes)
{
    uint64_t lost = 0;
    if (atomic_load(&sink.ends_within_line) && write_bytes(text_literal("\n")).size == 0)
        atomic_store(&sink.ends_within_line, false);
    struct text left = write_bytes((struct text){at, bytes});
    if (left.size > 0 && left.size < bytes)
        atomic_store(&sink.ends_within_line, left.data[-1] != '\n');
    for (size_t i = 0; i < left.size; i++)
        lost += left.data[i] == '\n';
    return lost;
}

uint64_t log_unwritten(enum log_loss loss)
{
    return atomic_load_explicit(&sink.unwritten[loss], memory_order_relaxed);
}

static bool write_dropped(uint64_t dropped)
{
    struct log_line line;
    log_begin(&line, LOG_WARNING, "suppressed");
    log_number(&line, "lines", (int64_t)dropped);
    log_line_end(&line);
    return write_lines(line.bytes, line.used) == 0;
}

/* Writes the lines, and the number of those that were dropped before. */
static void write_batch(const char *lines, size_t bytes, uint64_t dropped)
{
    uint64_t lost = write_lines(lines, bytes);
    count_loss(LOG_LOSS_WRITE_FAILED, lost);
    if (dropped && write_dropped(dropped))
        dropped = 0;
    if (dropped + lost == 0)
        return;
    pthread_mutex_lock(&sink.lock);
    sink.dropped += dropped + lost;
    pthread_mutex_unlock(&sink.lock);
}

/* Waits for lines and writes all of them. False when the log is closed and they were the last. */
static bool write_waiting(void)
{
    pthread_mutex_lock(&sink.lock);
    while (sink.used == 0 && sink.open)
        pthread_cond_wait(&sink.filled, &sink.lock);
    const char *lines = sink.waiting[sink.filling];
    size_t bytes = sink.used;
    uint64_t dropped = sink.dropped;
    bool last = !sink.open;
    sink.filling ^= 1;
    sink.used = 0;
    sink.dropped = 0;
    pthread_mutex_unlock(&sink.lock);

    write_batch(lines, bytes, dropped);
    return !last;
}

static void *run_writer(void *unused)
{
    (void)unused;
    while (write_waiting())
        nanosleep(&(struct timespec){.tv_nsec = GATHER_NS}, NULL);
    return NULL;
}

void log_open(enum log_level least, enum log_format format)
{
    struct status status;
    log_set_level(least);
    pthread_mutex_lock(&sink.lock);
    sink.format = format;
    sink.open = thread_start(&sink.writer, "log", run_writer, NULL, &status);
    pthread_mutex_unlock(&sink.lock);
    if (!sink.open)
        log_event(LOG_WARNING, "log without a thread", "%s", status.message);
}

static void write_suppressed(void)
{
    struct log_line line;
    for (int which = 0; which < LOG_REPEAT_COUNT; which++) {
        uint64_t suppressed = atomic_exchange(&sink.repeats[which].suppressed, 0);
        if (!suppressed)
            continue;
        log_begin(&line, LOG_WARNING, repeated_events[which]);
        log_number(&line, "suppressed", (int64_t)suppressed);
        log_end(&line);
    }
}

void log_close(void)
{
    write_suppressed();
    pthread_mutex_lock(&sink.lock);
    sink.open = false;
    pthread_cond_signal(&sink.filled);
    pthread_mutex_unlock(&sink.lock);
    thread_join_within(&sink.writer, LAST_WRITE_NS);
}

void log_set_level(enum log_level least)
{
    atomic_store_explicit(&sink.least, (int)least, memory_order_relaxed);
}

bool log_enabled(enum log_level level)
{
    return (int)level >= atomic_load_explicit(&sink.least, memory_order_relaxed);
}

void log_begin(struct log_line *line, enum log_level level, const char *event)
{
    enum log_format format = atomic_load_explicit(&sink.format, memory_order_relaxed);
    log_line_begin(line, format, level, event);
}

/* False when the writer is not running. */
static bool hand_to_writer(const struct log_line *line)
{
    pthread_mutex_lock(&sink.lock);
    bool open = sink.open;
    if (open && line->used <= WAITING_BYTES - sink.used) {
        memcpy(sink.waiting[sink.filling] + sink.used, line->bytes, line->used);
        sink.used += line->used;
        pthread_cond_signal(&sink.filled);
    } else {
        sink.dropped += open;
        count_loss(LOG_LOSS_SLOW_READER, open);
    }
    pthread_mutex_unlock(&sink.lock);
    return open;
}

void log_end(struct log_line *line)
{
    log_line_end(line);
    if (!hand_to_writer(line))
        count_loss(LOG_LOSS_WRITE_FAILED, write_lines(line->bytes, line->used));
}

printf_like(2, 0) static void end_with_message(struct log_line *line, const char *format,
                                               va_list arguments)
{
    char message[1024];
    text_format(message, sizeof message, format, arguments);
    log_text(line, "message", text_of(message));
    log_end(line);
}

void log_event(enum log_level level, const char *event, const char *format, ...)
{
    struct log_line line;
    va_list arguments;
    if (!log_enabled(level))
        return;
    log_begin(&line, level, event);
    va_start(arguments, format);
    end_with_message(&line, format, arguments);
    va_end(arguments);
}

bool log_begin_repeat(struct log_line *line, enum log_level level, enum log_repeat which)
{
    if (!log_enabled(level))
        return false;
    if (!rate_limit_take(&sink.repeats[which].rate, clock_now_ns(), REPEAT_NS, REPEAT_BURST)) {
        atomic_fetch_add_explicit(&sink.repeats[which].suppressed, 1, memory_order_relaxed);
        count_loss(LOG_LOSS_RATE_LIMIT, 1);
        return false;
    }
    log_begin(line, level, repeated_events[which]);
    uint64_t suppressed = atomic_exchange(&sink.repeats[which].suppressed, 0);
    if (suppressed)
        log_number(line, "suppressed", (int64_t)suppressed);
    return true;
}

void log_event_repeat(enum log_level level, enum log_repeat which, const char *format, ...)
{
    struct log_line line;
    va_list arguments;
    if (!log_begin_repeat(&line, level, which))
        return;
    va_start(arguments, format);
    end_with_message(&line, format, arguments);
    va_end(arguments);
}
