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
#include "base/rate.h"

#include "base/banned.h"

/* Lines that wait for their writer, while as many more are being written. */
#define WAITING_BYTES (256 * 1024)

/* A busy program does not wake the writer for each line: it gathers what comes in this time. */
#define GATHER_NS (2 * CLOCK_NS_PER_MS)

#define LAST_WRITE_S 1

/* How often one event that repeats is written. */
#define REPEAT_NS CLOCK_NS_PER_S
#define REPEAT_BURST 10

static const char *const level_words[] = {
#define LOG_LEVEL(name, word) [LOG_##name] = (word),
    LOG_LEVELS(LOG_LEVEL)
#undef LOG_LEVEL
};

static const char *const repeated_events[] = {
#define LOG_REPEAT(name, event) [LOG_REPEAT_##name] = (event),
    LOG_REPEATS(LOG_REPEAT)
#undef LOG_REPEAT
};

/* At most two bytes, so that they are copied as such. */
struct mark {
    char at[2];
    unsigned char bytes;
};

/* What stands around the parts of a line. */
static const struct shape {
    struct text time, level, event, head_end;
    struct mark name, value, line_end;
} shapes[] = {
#define PART(literal)                                                                              \
    {                                                                                              \
        "" literal, sizeof(literal) - 1                                                            \
    }
    [LOG_JSON] = {PART("{\"time\":\""), PART("\",\"level\":\""), PART("\",\"event\":\""),
                  PART("\""), PART(",\""), PART("\":"), PART("}\n")},
    [LOG_TEXT] = {PART(""), PART(" "), PART(" "), PART(""), PART(" "), PART("="), PART("\n")},
#undef PART
};

/* Kept free in a line for what ends it: the shape's end, and a terminator for those who want one.
 */
#define LINE_END_BYTES 3

/* The longest that stands for one character of a value: "\u0000". */
#define ESCAPE_BYTES 6

/* What a member takes beside its name and more than one character of its text: the marks, and the
 * longest duration. */
#define MEMBER_BYTES (2 * sizeof(struct mark) + DECIMAL_BYTES + sizeof ".999")

/* The one sink of the process. */
static struct {
    _Atomic int least;
    struct {
        struct rate rate;
        _Atomic uint64_t suppressed;
    } repeats[LOG_REPEAT_COUNT];
    _Atomic uint64_t unwritten; /* lines since the start, whatever the reason */
    pthread_mutex_t lock;       /* of what follows */
    pthread_cond_t filled;
    pthread_t writer;
    bool open;
    _Atomic enum log_format format;
    uint64_t dropped;
    size_t used;
    int filling; /* which of the two the lines go to */
    char waiting[2][WAITING_BYTES];
} sink = {.least = LOG_INFO, .lock = PTHREAD_MUTEX_INITIALIZER, .filled = PTHREAD_COND_INITIALIZER};

/* Waits while the reader of stderr takes nothing. What cannot be written at all is lost. */
static void write_all(const char *at, size_t bytes)
{
    while (bytes > 0) {
        (void)poll(&(struct pollfd){.fd = STDERR_FILENO, .events = POLLOUT}, 1, -1);
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

static char *put_mark(char *at, struct mark mark)
{
    memcpy(at, mark.at, sizeof mark.at);
    return at + mark.bytes;
}

static void end_line(struct log_line *line)
{
    const char *end = put_mark(line->bytes + line->used, shapes[line->format].line_end);
    line->used = (size_t)(end - line->bytes);
}

uint64_t log_unwritten(void)
{
    return atomic_load_explicit(&sink.unwritten, memory_order_relaxed);
}

static void write_dropped(uint64_t dropped)
{
    struct log_line line;
    log_begin(&line, LOG_WARNING, "suppressed");
    log_number(&line, "lines", (int64_t)dropped);
    end_line(&line);
    write_all(line.bytes, line.used);
}

/* Waits for lines, takes all that are there and writes them; false when they were the last. */
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

    write_all(lines, bytes);
    if (dropped)
        write_dropped(dropped);
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
    sigset_t all, before;
    log_set_level(least);
    sigfillset(&all);
    pthread_mutex_lock(&sink.lock);
    sink.format = format;
    pthread_sigmask(SIG_SETMASK, &all, &before);
    sink.open = pthread_create(&sink.writer, NULL, run_writer, NULL) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_mutex_unlock(&sink.lock);
}

static void tell_suppressed(void)
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
    tell_suppressed();
    struct timespec give_up;
    pthread_mutex_lock(&sink.lock);
    bool was_open = sink.open;
    sink.open = false;
    pthread_cond_signal(&sink.filled);
    pthread_mutex_unlock(&sink.lock);
    if (!was_open)
        return;
    clock_gettime(CLOCK_REALTIME, &give_up);
    give_up.tv_sec += LAST_WRITE_S;
    if (pthread_timedjoin_np(sink.writer, NULL, &give_up) != 0)
        pthread_detach(sink.writer);
}

void log_set_level(enum log_level least)
{
    atomic_store_explicit(&sink.least, (int)least, memory_order_relaxed);
}

bool log_enabled(enum log_level level)
{
    return (int)level >= atomic_load_explicit(&sink.least, memory_order_relaxed);
}

bool log_level_parse(struct text word, enum log_level *level)
{
    for (size_t i = 0; i < array_length(level_words); i++) {
        if (!text_equal(word, text_of(level_words[i])))
            continue;
        *level = (enum log_level)i;
        return true;
    }
    return false;
}

static size_t room(const struct log_line *line)
{
    return sizeof line->bytes - LINE_END_BYTES - line->used;
}

static void put(struct log_line *line, const char *at, size_t bytes)
{
    if (bytes > room(line))
        bytes = room(line);
    memcpy(line->bytes + line->used, at, bytes);
    line->used += bytes;
}

static void put_text(struct log_line *line, struct text text)
{
    put(line, text.at, text.bytes);
}

/* Printable ASCII that stands for itself in a JSON string. */
static bool is_plain(char c)
{
    return c >= ' ' && c <= '~' && c != '"' && c != '\\';
}

/* The same of eight at once: each term sets the top bit of a byte that is not plain. */
static bool are_plain(uint64_t word)
{
    const uint64_t ones = 0x0101010101010101U, tops = ones << 7;
    uint64_t quote = word ^ ones * '"', backslash = word ^ ones * '\\';
    return !((word | (word + ones) | (word - ones * ' ') | (quote - ones) | (backslash - ones)) &
             tops);
}

/* Copies what `text` begins with as long as it is plain and there is room for `bytes`. */
static size_t copy_plain(char *at, struct text text, size_t bytes)
{
    size_t done = 0;
    if (bytes > text.bytes)
        bytes = text.bytes;
    for (uint64_t word; bytes - done >= sizeof word; done += sizeof word) {
        memcpy(&word, text.at + done, sizeof word);
        if (!are_plain(word))
            break;
        memcpy(at + done, &word, sizeof word);
    }
    for (; done < bytes && is_plain(text.at[done]); done++)
        at[done] = text.at[done];
    return done;
}

/* Bytes of the UTF-8 character that `text` begins with; 0 when it begins with none. */
static size_t character_bytes(struct text text)
{
    for (size_t bytes = 1; bytes <= 4 && bytes <= text.bytes; bytes++)
        if (text_is_utf8((struct text){text.at, bytes}))
            return bytes;
    return 0;
}

static void put_unicode(struct log_line *line, unsigned char code)
{
    static const char hex[] = "0123456789abcdef";
    const char escape[ESCAPE_BYTES] = {'\\', 'u', '0', '0', hex[code >> 4], hex[code & 15]};
    put(line, escape, sizeof escape);
}

/* The control characters C1 are two bytes in UTF-8: 0xc2 and their code. */
static bool is_c1(const char *at, size_t bytes)
{
    return bytes == 2 && at[0] == '\xc2' && (unsigned char)at[1] < 0xa0;
}

/* Puts what stands for the character that `text` begins with, and returns how many bytes it has. */
static size_t put_special(struct log_line *line, struct text text)
{
    size_t bytes = character_bytes(text);
    if (bytes == 0) {
        put_text(line, text_literal("\xef\xbf\xbd"));
        return 1;
    }
    if (*text.at == '"' || *text.at == '\\')
        put(line, "\\", 1);
    if (is_c1(text.at, bytes))
        put_unicode(line, (unsigned char)text.at[1]);
    else if ((unsigned char)*text.at < ' ' || *text.at == 0x7f)
        put_unicode(line, (unsigned char)*text.at);
    else
        put(line, text.at, bytes);
    return bytes;
}

/* An escape or a character is put whole or not at all, and room is left for the quote that ends
 * it. */
static void put_escaped(struct log_line *line, struct text text)
{
    for (;;) {
        size_t run = copy_plain(line->bytes + line->used, text, room(line) - 1);
        line->used += run;
        text = (struct text){text.at + run, text.bytes - run};
        if (text.bytes == 0 || room(line) <= ESCAPE_BYTES)
            return;
        size_t taken = put_special(line, text);
        text = (struct text){text.at + taken, text.bytes - taken};
    }
}

/* Where the member's value goes, with room for a number; NULL when it does not fit. */
static char *put_name(struct log_line *line, const char *name)
{
    const struct shape *shape = &shapes[line->format];
    size_t bytes = strlen(name);
    if (room(line) < bytes + MEMBER_BYTES)
        return NULL;
    char *at = put_mark(line->bytes + line->used, shape->name);
    return put_mark(mempcpy(at, name, bytes), shape->value);
}

void log_begin(struct log_line *line, enum log_level level, const char *event)
{
    char stamp[CLOCK_STAMP_BYTES];
    line->used = 0;
    line->format = atomic_load_explicit(&sink.format, memory_order_relaxed);
    const struct shape *shape = &shapes[line->format];
    clock_stamp(stamp);
    put_text(line, shape->time);
    put(line, stamp, CLOCK_STAMP_BYTES - 1);
    put_text(line, shape->level);
    put_text(line, text_of(level_words[level]));
    put_text(line, shape->event);
    put_text(line, text_of(event));
    put_text(line, shape->head_end);
}

void log_text(struct log_line *line, const char *name, struct text value)
{
    char *at = value.bytes ? put_name(line, name) : NULL;
    if (!at)
        return;
    *at++ = '"';
    line->used = (size_t)(at - line->bytes);
    put_escaped(line, value);
    line->bytes[line->used++] = '"';
}

void log_number(struct log_line *line, const char *name, int64_t value)
{
    char *at = put_name(line, name);
    if (!at)
        return;
    if (value < 0)
        *at++ = '-';
    at += text_from_u64(at, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
    line->used = (size_t)(at - line->bytes);
}

void log_milliseconds(struct log_line *line, const char *name, int64_t nanoseconds)
{
    uint64_t microseconds = nanoseconds < 0 ? 0 : (uint64_t)nanoseconds / 1000;
    unsigned fraction = (unsigned)(microseconds % 1000);
    char *at = put_name(line, name);
    if (!at)
        return;
    at += text_from_u64(at, microseconds / 1000);
    *at++ = '.';
    for (unsigned unit = 100; unit > 0; unit /= 10)
        *at++ = (char)('0' + fraction / unit % 10);
    line->used = (size_t)(at - line->bytes);
}

/* False when there is no writer. */
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
        atomic_fetch_add_explicit(&sink.unwritten, open, memory_order_relaxed);
    }
    pthread_mutex_unlock(&sink.lock);
    return open;
}

void log_end(struct log_line *line)
{
    end_line(line);
    if (!hand_to_writer(line))
        write_all(line->bytes, line->used);
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
    if (!rate_take(&sink.repeats[which].rate, clock_now_ns(), REPEAT_NS, REPEAT_BURST)) {
        atomic_fetch_add_explicit(&sink.repeats[which].suppressed, 1, memory_order_relaxed);
        atomic_fetch_add_explicit(&sink.unwritten, 1, memory_order_relaxed);
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
