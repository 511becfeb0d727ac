/* SPDX-License-Identifier: MIT */
/* Counts, sizes, durations and shares. */
#include "config/value_number.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "config/config.h"
#include "config/value.h"

#include "base/banned.h"

#define DIGITS "0123456789"

static const struct value_unit counts[] = {{"", 1}, {NULL, 0}};
static const struct value_unit sizes[] = {{"", 1},
                                          {"KiB", UINT64_C(1) << 10},
                                          {"MiB", UINT64_C(1) << 20},
                                          {"GiB", UINT64_C(1) << 30},
                                          {NULL, 0}};
static const struct value_unit durations[] = {
    {"s", CLOCK_NS_PER_S},      {"ms", CLOCK_NS_PER_MS},      {"s", CLOCK_NS_PER_S},
    {"m", 60 * CLOCK_NS_PER_S}, {"h", 3600 * CLOCK_NS_PER_S}, {NULL, 0}};

static bool read_quantity(const struct value_unit *units, const char *written, uint64_t *number)
{
    size_t digits = strspn(written, DIGITS);
    uint64_t read;
    if (!text_to_u64((struct text){written, digits}, &read))
        return false;
    for (const struct value_unit *unit = units; unit->name; unit++)
        if (strcmp(written + digits, unit->name) == 0)
            return !__builtin_mul_overflow(read, unit->factor, number);
    return false;
}

/* With the largest unit that divides it. */
static void write_quantity(const struct value_unit *units, uint64_t number, struct buffer *out)
{
    const struct value_unit *best = units;
    for (const struct value_unit *unit = units + 1; unit->name; unit++)
        if (number > 0 && number % unit->factor == 0)
            best = unit;
    buffer_add_u64(out, number / best->factor);
    buffer_add_text(out, text_of(best->name));
}

static bool read_number(const struct option *option, const char *written, void *member,
                        struct arena *owned)
{
    (void)owned;
    uint64_t number;
    if (!read_quantity(option->kind->units, written, &number) || number < option->least ||
        number > option->most)
        return false;
    *(uint64_t *)member = number;
    return true;
}

static void write_number(const struct option *option, const void *member, struct buffer *out)
{
    write_quantity(option->kind->units, *(const uint64_t *)member, out);
}

void value_write_range(const struct option *option, struct buffer *out)
{
    write_quantity(option->kind->units, option->least, out);
    buffer_add_literal(out, " to ");
    write_quantity(option->kind->units, option->most, out);
}

static const char *size_hint(const char *written)
{
    const char *unit = written + strspn(written, DIGITS);
    return unit > written && *unit && unit[strspn(unit, "kKmMgGiIbB")] == '\0' &&
                   !strstr(unit, "iB")
               ? "the units are KiB, MiB and GiB"
               : NULL;
}

static const char *duration_hint(const char *written)
{
    return written[strspn(written, DIGITS)] == '\0' ? "the unit is missing: ms, s, m or h" : NULL;
}

/* `rest` begins after the number. The exponent is allowed because small numbers are written with
 * one. */
static bool read_real(const char *written, double *number, const char **rest)
{
    char *end;
    size_t bytes = strspn(written, DIGITS ".e-");
    *number = strtod(written, &end);
    *rest = end;
    return bytes > 0 && end == written + bytes && written[0] != '-';
}

static bool read_share(const struct option *option, const char *written, void *member,
                       struct arena *owned)
{
    (void)option, (void)owned;
    double share;
    const char *rest;
    if (!read_real(written, &share, &rest) || *rest || share > 1)
        return false;
    *(double *)member = share;
    return true;
}

static void write_share(const struct option *option, const void *member, struct buffer *out)
{
    (void)option;
    char written[REAL_BYTES];
    buffer_add(out, written, text_from_real(written, *(const double *)member, false));
}

/* Of a rate. */
#define MOST_CALLS_PER_S 1e6

/* The time behind "/": "5m", or "s" for one second. */
static bool read_window(const char *written, int64_t *window_ns)
{
    char one[8] = "1";
    uint64_t read;
    bool is_unit = written[0] && strspn(written, DIGITS) == 0 && strlen(written) < sizeof one - 1;
    if (is_unit)
        memcpy(one + 1, written, strlen(written) + 1);
    if (!read_quantity(durations, is_unit ? one : written, &read) || read == 0 || read > VALUE_DAY)
        return false;
    *window_ns = (int64_t)read;
    return true;
}

/* At least a call in a day, unless it is 0. */
static bool is_rate(const struct config_rate *rate)
{
    double window_ns = (double)rate->window_ns;
    return (rate->calls == 0 || rate->calls * (double)VALUE_DAY >= window_ns) &&
           rate->calls * (double)CLOCK_NS_PER_S <= MOST_CALLS_PER_S * window_ns;
}

static bool read_rate(const struct option *option, const char *written, void *member,
                      struct arena *owned)
{
    (void)option, (void)owned;
    const char *rest;
    struct config_rate rate = {.window_ns = CLOCK_NS_PER_S};
    if (!read_real(written, &rate.calls, &rest) ||
        (*rest && (*rest != '/' || !read_window(rest + 1, &rate.window_ns))) || !is_rate(&rate))
        return false;
    *(struct config_rate *)member = rate;
    return true;
}

static void write_rate(const struct option *option, const void *member, struct buffer *out)
{
    (void)option;
    const struct config_rate *rate = member;
    char written[REAL_BYTES];
    buffer_add(out, written, text_from_real(written, rate->calls, false));
    if (rate->calls > 0 && rate->window_ns != CLOCK_NS_PER_S) {
        buffer_add_char(out, '/');
        write_quantity(durations, (uint64_t)rate->window_ns, out);
    }
}

const struct value_kind value_rate = {.argument = "CALLS[/TIME]",
                                      .allowed = "0, or 1/24h to 1000000/s, such as 5, 0.5/s or "
                                                 "200/5m",
                                      .read = read_rate,
                                      .write = write_rate};

const struct value_kind value_count = {
    .argument = "NUMBER", .units = counts, .read = read_number, .write = write_number};

const struct value_kind value_size = {.argument = "SIZE",
                                      .units = sizes,
                                      .read = read_number,
                                      .write = write_number,
                                      .hint = size_hint};

const struct value_kind value_duration = {.argument = "DURATION",
                                          .units = durations,
                                          .read = read_number,
                                          .write = write_number,
                                          .hint = duration_hint};

const struct value_kind value_share = {.argument = "NUMBER",
                                       .allowed = "a number from 0 to 1",
                                       .read = read_share,
                                       .write = write_share};
