/* SPDX-License-Identifier: MIT */
/* The members of metrics, for metric.c, which counts, and metric_write.c, which writes the page.
 * Any thread. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "telemetry/metric.h"

enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

struct metric_row {
    const char *name;
    enum metric_type type;
    const char *unit; /* "seconds", "bytes" or "" */
    enum metric_label labels[2];
    const char *help;
};

enum metric_source {
    METRIC_FIXED, /* the table */
    METRIC_GIVEN, /* the caller of metrics_new */
    METRIC_SEEN,  /* peers: values are added as they come */
};

struct metric_label_row {
    const char *name;
    enum metric_source source;
    struct metric_values values;
};

extern const struct metric_row metric_rows[METRIC_COUNT];
extern const struct metric_label_row metric_label_rows[METRIC_LABEL_COUNT];

/* The upper bound of a histogram's bucket; the last bucket has none. */
struct metric_bound {
    int64_t ns;
    const char *seconds;
};

#define METRIC_BOUNDS 14
extern const struct metric_bound metric_bounds[METRIC_BOUNDS];

/* The cells of one row of a histogram: its buckets, which are not cumulative, and the sum in
 * nanoseconds. */
#define METRIC_HISTOGRAM_CELLS (METRIC_BOUNDS + 2)
#define METRIC_HISTOGRAM_SUM (METRIC_BOUNDS + 1)

/* Rows that are added as peers send new values. A row's values are written before `used` counts it,
 * and do not change after that. */
#define METRIC_SEEN_ROWS (METRIC_SEEN_PAIRS + METRIC_SEEN_FIRSTS + 1)

struct metric_seen {
    pthread_mutex_t adding;
    atomic_size_t used;
    struct metric_seen_row {
        size_t bytes[2];
        char values[2][METRIC_VALUE_BYTES];
        _Atomic int64_t count;
    } rows[METRIC_SEEN_ROWS];
};

struct metrics {
    struct metric_values values[METRIC_LABEL_COUNT];
    const char *methods[METRIC_METHODS + 1];
    size_t first_cell[METRIC_COUNT];
    struct metric_seen *seen[METRIC_COUNT]; /* NULL for metrics without SEEN labels */
    _Atomic int64_t *cells;
};

/* The first cell of the row with these values. A number above that of the last value means the last
 * value. */
static inline _Atomic int64_t *metric_cell(struct metrics *metrics, enum metric metric,
                                           size_t first, size_t second)
{
    const struct metric_row *row = &metric_rows[metric];
    size_t firsts = metrics->values[row->labels[0]].count;
    size_t seconds = metrics->values[row->labels[1]].count;
    size_t at =
        (first < firsts ? first : firsts - 1) * seconds + (second < seconds ? second : seconds - 1);
    size_t each = row->type == METRIC_HISTOGRAM ? METRIC_HISTOGRAM_CELLS : 1;
    return &metrics->cells[metrics->first_cell[metric] + at * each];
}
