/* SPDX-License-Identifier: MIT */
#include "telemetry/metric.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "telemetry/metric_cells.h"

#include "base/banned.h"

/* Most bytes of all methods' names, each of which is in about fifty lines of the page. */
#define METHODS_BYTES 16384

static const struct text other = {"_OTHER", 6};

/* The first methods get values of their own, and all others share one more. */
static void set_methods(struct metrics *metrics, const struct metric_values *methods)
{
    size_t named = 0, bytes = 0;
    for (; named < methods->count && named < METRIC_METHODS; named++) {
        bytes += strlen(methods->names[named]);
        if (bytes > METHODS_BYTES)
            break;
        metrics->methods[named] = methods->names[named];
    }
    metrics->methods[named] = other.data;
    metrics->values[METRIC_LABEL_METHOD] = (struct metric_values){metrics->methods, named + 1};
}

static void set_values(struct metrics *metrics,
                       const struct metric_values given[METRIC_LABEL_COUNT])
{
    for (size_t label = 0; label < METRIC_LABEL_COUNT; label++) {
        bool is_given = metric_label_rows[label].source == METRIC_GIVEN && given[label].count > 0;
        metrics->values[label] = is_given ? given[label] : metric_label_rows[label].values;
    }
    set_methods(metrics, &given[METRIC_LABEL_METHOD]);
}

static bool is_seen(const struct metric_row *row)
{
    return metric_label_rows[row->labels[0]].source == METRIC_SEEN;
}

static struct metric_seen *seen_new(void)
{
    struct metric_seen *seen = memory_expect(calloc(1, sizeof *seen));
    pthread_mutex_init(&seen->adding, NULL);
    return seen;
}

struct metrics *metrics_new(const struct metric_values given[METRIC_LABEL_COUNT])
{
    struct metrics *metrics = memory_expect(calloc(1, sizeof *metrics));
    size_t cells = 0;
    set_values(metrics, given);
    for (size_t i = 0; i < METRIC_COUNT; i++) {
        const struct metric_row *row = &metric_rows[i];
        size_t each = row->type == METRIC_HISTOGRAM ? METRIC_HISTOGRAM_CELLS : 1;
        metrics->first_cell[i] = cells;
        cells +=
            each * metrics->values[row->labels[0]].count * metrics->values[row->labels[1]].count;
        if (is_seen(row))
            metrics->seen[i] = seen_new();
    }
    metrics->cells = memory_expect(calloc(cells, sizeof *metrics->cells));
    return metrics;
}

void metrics_free(struct metrics *metrics)
{
    if (!metrics)
        return;
    for (size_t i = 0; i < METRIC_COUNT; i++) {
        if (metrics->seen[i])
            pthread_mutex_destroy(&metrics->seen[i]->adding);
        free(metrics->seen[i]);
    }
    free(metrics->cells);
    free(metrics);
}

/* Relaxed, here and below: samples are independent of each other and of all other memory. */
void metric_add(struct metrics *metrics, enum metric metric, size_t first, size_t second,
                int64_t amount)
{
    if (metrics)
        atomic_fetch_add_explicit(metric_cell(metrics, metric, first, second), amount,
                                  memory_order_relaxed);
}

void metric_set(struct metrics *metrics, enum metric metric, size_t first, size_t second,
                int64_t value)
{
    if (metrics)
        atomic_store_explicit(metric_cell(metrics, metric, first, second), value,
                              memory_order_relaxed);
}

void metric_observe(struct metrics *metrics, enum metric metric, size_t first, int64_t ns)
{
    if (!metrics)
        return;
    _Atomic int64_t *row = metric_cell(metrics, metric, first, 0);
    size_t bucket = 0;
    while (bucket < METRIC_BOUNDS && ns > metric_bounds[bucket].ns)
        bucket++;
    atomic_fetch_add_explicit(&row[bucket], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&row[METRIC_HISTOGRAM_SUM], ns, memory_order_relaxed);
}

static bool has_values(const struct metric_seen_row *row, const struct text pair[2])
{
    return text_equal((struct text){row->values[0], row->bytes[0]}, pair[0]) &&
           text_equal((struct text){row->values[1], row->bytes[1]}, pair[1]);
}

static struct metric_seen_row *find(struct metric_seen *seen, const struct text pair[2])
{
    size_t used = atomic_load_explicit(&seen->used, memory_order_acquire);
    for (size_t i = 0; i < used; i++)
        if (has_values(&seen->rows[i], pair))
            return &seen->rows[i];
    return NULL;
}

/* NULL when there is no such row and there are `most` rows already. */
static struct metric_seen_row *find_or_add(struct metric_seen *seen, const struct text pair[2],
                                           size_t most)
{
    struct metric_seen_row *row = find(seen, pair);
    if (row)
        return row;
    /* Another thread may have added it since. Relaxed, because `find` reads the number again, and
     * below because the lock orders it. */
    if (atomic_load_explicit(&seen->used, memory_order_relaxed) >= most)
        return find(seen, pair);
    pthread_mutex_lock(&seen->adding);
    size_t used = atomic_load_explicit(&seen->used, memory_order_relaxed);
    row = find(seen, pair);
    if (!row && used < most) {
        row = &seen->rows[used];
        for (size_t i = 0; i < 2; i++) {
            row->bytes[i] = pair[i].size;
            if (pair[i].size)
                memcpy(row->values[i], pair[i].data, pair[i].size);
        }
        atomic_store_explicit(&seen->used, used + 1, memory_order_release);
    }
    pthread_mutex_unlock(&seen->adding);
    return row;
}

static struct text value_or_other(struct text value)
{
    return value.size <= METRIC_VALUE_BYTES && text_is_utf8(value) ? value : other;
}

static struct metric_seen_row *row_for(struct metrics *metrics, enum metric metric,
                                       const struct text pair[2])
{
    bool has_second = metric_rows[metric].labels[1] != METRIC_LABEL_NONE;
    struct text first = value_or_other(pair[0]), rest = has_second ? other : (struct text){NULL, 0};
    const struct {
        struct text pair[2];
        size_t most;
    } tries[] = {
        {{first, value_or_other(pair[1])}, METRIC_SEEN_PAIRS},
        {{first, rest}, METRIC_SEEN_PAIRS + METRIC_SEEN_FIRSTS},
        {{other, rest}, METRIC_SEEN_ROWS},
    };
    struct metric_seen_row *row = NULL;
    for (size_t i = 0; !row && i < array_length(tries); i++)
        row = find_or_add(metrics->seen[metric], tries[i].pair, tries[i].most);
    assert(row);
    return row;
}

void metric_count_seen(struct metrics *metrics, enum metric metric, struct text first,
                       struct text second)
{
    if (!metrics)
        return;
    const struct text pair[2] = {first, second};
    struct metric_seen_row *row = find(metrics->seen[metric], pair);
    if (!row)
        row = row_for(metrics, metric, pair);
    atomic_fetch_add_explicit(&row->count, 1, memory_order_relaxed);
}
