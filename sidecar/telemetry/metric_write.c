/* SPDX-License-Identifier: MIT */
/* Writes the page in Prometheus' text format 0.0.4 or as OpenMetrics 1.0.0. */
#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "telemetry/metric_cells.h"

#include "base/banned.h"

static const char *const content_types[] = {
    [METRIC_TEXT] = "text/plain; version=0.0.4; charset=utf-8",
    [METRIC_OPENMETRICS] = "application/openmetrics-text; version=1.0.0; charset=utf-8",
};

static const struct text type_names[] = {
    [METRIC_COUNTER] = text_literal("counter"),
    [METRIC_GAUGE] = text_literal("gauge"),
    [METRIC_HISTOGRAM] = text_literal("histogram"),
};

/* The labels in a sample's braces. */
struct labels {
    const char *names[3];
    struct text values[3];
    size_t count;
};

const char *metric_content_type(enum metric_format format)
{
    return content_types[format];
}

static void add(struct labels *labels, const char *name, struct text value)
{
    labels->names[labels->count] = name;
    labels->values[labels->count++] = value;
}

static void write_escaped(struct buffer *out, struct text text)
{
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        if (c == '\\' || c == '"' || c == '\n')
            buffer_add_char(out, '\\');
        buffer_add_char(out, c == '\n' ? 'n' : c);
    }
}

static void write_labels(struct buffer *out, const struct labels *labels)
{
    for (size_t i = 0; i < labels->count; i++) {
        buffer_add_char(out, i == 0 ? '{' : ',');
        buffer_add_text(out, text_of(labels->names[i]));
        buffer_add_literal(out, "=\"");
        write_escaped(out, labels->values[i]);
        buffer_add_char(out, '"');
    }
    if (labels->count > 0)
        buffer_add_char(out, '}');
}

/* Writes nanoseconds as seconds, without trailing zeros. */
static void write_seconds(struct buffer *out, int64_t ns)
{
    char digits[DECIMAL_BYTES + 12];
    uint64_t size = ns < 0 ? 0 - (uint64_t)ns : (uint64_t)ns, second = CLOCK_NS_PER_S;
    int bytes = snprintf(digits, sizeof digits, "%s%" PRIu64 ".%09" PRIu64, ns < 0 ? "-" : "",
                         size / second, size % second);
    while (digits[bytes - 1] == '0')
        bytes--;
    buffer_add(out, digits, (size_t)(digits[bytes - 1] == '.' ? bytes - 1 : bytes));
}

static bool is_seconds(const struct metric_row *row)
{
    return row->unit[0] == 's';
}

static void write_sample(struct buffer *out, const char *name, const char *suffix,
                         const struct labels *labels, int64_t value, bool seconds)
{
    buffer_add_text(out, text_of(name));
    buffer_add_text(out, text_of(suffix));
    write_labels(out, labels);
    buffer_add_char(out, ' ');
    if (seconds)
        write_seconds(out, value);
    else
        buffer_add_i64(out, value);
    buffer_add_char(out, '\n');
}

/* In OpenMetrics the family of a counter is named without the "_total" of its samples. */
static struct text family_name(const struct metric_row *row, enum metric_format format)
{
    struct text name = text_of(row->name);
    if (format == METRIC_OPENMETRICS && row->type == METRIC_COUNTER)
        name.size -= sizeof "_total" - 1;
    return name;
}

static void write_descriptor(struct buffer *out, const char *keyword, struct text name,
                             struct text value)
{
    buffer_add_literal(out, "# ");
    buffer_add_text(out, text_of(keyword));
    buffer_add_char(out, ' ');
    buffer_add_text(out, name);
    buffer_add_char(out, ' ');
    buffer_add_text(out, value);
    buffer_add_char(out, '\n');
}

static void write_head(struct buffer *out, const struct metric_row *row, enum metric_format format)
{
    struct text name = family_name(row, format);
    write_descriptor(out, "HELP", name, text_of(row->help));
    write_descriptor(out, "TYPE", name, type_names[row->type]);
    if (format == METRIC_OPENMETRICS && row->unit[0])
        write_descriptor(out, "UNIT", name, text_of(row->unit));
}

/* The buckets are added up here, because an observation counts in only one of them. The count is
 * the value of the last bucket, so that the two agree even when durations are observed meanwhile.
 */
/* The cells are read relaxed: a count that comes meanwhile is in this page or in the next. */
static void write_histogram(struct buffer *out, const struct metric_row *row, struct labels labels,
                            _Atomic int64_t *cells)
{
    struct labels bucket_labels = labels;
    int64_t count = 0;
    add(&bucket_labels, "le", (struct text){NULL, 0});
    for (size_t i = 0; i <= METRIC_BOUNDS; i++) {
        bucket_labels.values[labels.count] =
            i < METRIC_BOUNDS ? text_of(metric_bounds[i].seconds) : text_literal("+Inf");
        count += atomic_load_explicit(&cells[i], memory_order_relaxed);
        write_sample(out, row->name, "_bucket", &bucket_labels, count, false);
    }
    int64_t sum = atomic_load_explicit(&cells[METRIC_HISTOGRAM_SUM], memory_order_relaxed);
    write_sample(out, row->name, "_sum", &labels, sum, true);
    write_sample(out, row->name, "_count", &labels, count, false);
}

static void add_value(struct labels *labels, enum metric_label label, struct text value)
{
    if (label != METRIC_LABEL_NONE)
        add(labels, metric_label_rows[label].name, value);
}

static void write_fixed(struct buffer *out, struct metrics *metrics, enum metric metric,
                        size_t first, size_t second)
{
    const struct metric_row *row = &metric_rows[metric];
    _Atomic int64_t *cell = metric_cell(metrics, metric, first, second);
    const size_t numbers[] = {first, second};
    struct labels labels = {.count = 0};
    for (size_t i = 0; i < array_length(numbers); i++)
        add_value(&labels, row->labels[i],
                  text_of(metrics->values[row->labels[i]].names[numbers[i]]));
    if (row->type == METRIC_HISTOGRAM)
        write_histogram(out, row, labels, cell);
    else
        write_sample(out, row->name, "", &labels, atomic_load_explicit(cell, memory_order_relaxed),
                     is_seconds(row));
}

static void write_seen(struct buffer *out, const struct metric_row *row, struct metric_seen *seen)
{
    size_t used = atomic_load_explicit(&seen->used, memory_order_acquire);
    for (size_t i = 0; i < used; i++) {
        struct metric_seen_row *found = &seen->rows[i];
        struct labels labels = {.count = 0};
        for (size_t k = 0; k < array_length(found->values); k++)
            add_value(&labels, row->labels[k], (struct text){found->values[k], found->bytes[k]});
        write_sample(out, row->name, "", &labels,
                     atomic_load_explicit(&found->count, memory_order_relaxed), false);
    }
}

static void write_metric(struct buffer *out, struct metrics *metrics, enum metric metric)
{
    const struct metric_row *row = &metric_rows[metric];
    if (metrics->seen[metric]) {
        write_seen(out, row, metrics->seen[metric]);
        return;
    }
    for (size_t first = 0; first < metrics->values[row->labels[0]].count; first++)
        for (size_t second = 0; second < metrics->values[row->labels[1]].count; second++)
            write_fixed(out, metrics, metric, first, second);
}

void metrics_write(struct metrics *metrics, enum metric_format format, struct buffer *out)
{
    for (enum metric metric = 0; metric < METRIC_COUNT; metric++) {
        write_head(out, &metric_rows[metric], format);
        write_metric(out, metrics, metric);
    }
    if (format == METRIC_OPENMETRICS)
        buffer_add_literal(out, "# EOF\n");
}
