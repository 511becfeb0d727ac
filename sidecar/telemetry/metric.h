/* SPDX-License-Identifier: MIT */
/*
 * What is counted. metric_table.c has one row for each metric; struct metrics holds their values:
 * sidecar.c makes one and hands it to the rooms. Counting is a relaxed atomic addition, without a
 * lock or an allocation: any thread. How many samples a metric can have is fixed at start, whatever
 * peers send. To count something new: a row there, and a call where it happens.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

/* Of each, metric_table.c says name, type, labels and what it means. */
enum metric {
    METRIC_CALLS,
    METRIC_CALL_DURATION,
    METRIC_CALLS_ENDED,
    METRIC_FAILURES,
    METRIC_CALLS_IN_FLIGHT,
    METRIC_CONNECTIONS,
    METRIC_CONNECTIONS_ACCEPTED,
    METRIC_CONNECTIONS_REFUSED,
    METRIC_CONNECTIONS_CLOSED,
    METRIC_CALLERS_DENIED,
    METRIC_UPSTREAM_RESPONSES,
    METRIC_UPSTREAM_EXCHANGES,
    METRIC_UPSTREAM_DURATION,
    METRIC_UPSTREAM_QUEUE_DURATION,
    METRIC_UPSTREAM_CONNECT_DURATION,
    METRIC_UPSTREAM_CONNECTS,
    METRIC_UPSTREAM_CONNECTIONS,
    METRIC_UPSTREAM_CONNECTION_USES,
    METRIC_UPSTREAM_BREAKERS_OPEN,
    METRIC_UPSTREAM_BREAKER_CHANGES,
    METRIC_UPSTREAM_RETRIES,
    METRIC_RECOVERIES,
    METRIC_FILE_LOADS,
    METRIC_CREDENTIAL_READY,
    METRIC_CREDENTIAL_TIME,
    METRIC_DRAINING,
    METRIC_LOG_LINES_SUPPRESSED,
    METRIC_BUILD_INFO,
    METRIC_PROCESS_CPU,
    METRIC_PROCESS_MEMORY,
    METRIC_PROCESS_OPEN_FDS,
    METRIC_PROCESS_MAX_FDS,
    METRIC_PROCESS_START,
    METRIC_COUNT
};

enum metric_label {
    METRIC_LABEL_NONE,
    METRIC_LABEL_METHOD,
    METRIC_LABEL_CODE, /* enum status_code */
    METRIC_LABEL_STEP,
    METRIC_LABEL_REASON,
    METRIC_LABEL_REFUSAL,
    METRIC_LABEL_CALLER,
    METRIC_LABEL_HTTP_STATUS,
    METRIC_LABEL_VENDOR_CODE,
    METRIC_LABEL_OUTCOME,
    METRIC_LABEL_CAUSE,
    METRIC_LABEL_CONNECTION, /* enum metric_connection */
    METRIC_LABEL_BREAKER,    /* enum breaker_state */
    METRIC_LABEL_RETRY,      /* enum metric_retry */
    METRIC_LABEL_VERDICT,
    METRIC_LABEL_FILE,   /* enum metric_file */
    METRIC_LABEL_RESULT, /* enum metric_result */
    METRIC_LABEL_VERSION,
    METRIC_LABEL_COUNT
};

enum metric_connection { METRIC_CONNECTION_NEW, METRIC_CONNECTION_REUSED };
enum metric_retry { METRIC_RETRY_CREDENTIAL, METRIC_RETRY_REJECTED, METRIC_RETRY_ABSENT };
enum metric_file { METRIC_FILE_TOKEN, METRIC_FILE_CERTIFICATE, METRIC_FILE_UPSTREAM_CA };
enum metric_result { METRIC_OK, METRIC_FAILED };

/* A label's values, in the order of the numbers that stand for them in the calls below. The names
 * are terminated and outlive the metrics. */
struct metric_values {
    const char *const *names;
    size_t count;
};

/* The value of a number that has no name: the last one, "_OTHER" of labels that have it. */
#define METRIC_OTHER SIZE_MAX

struct metrics;

/*
 * All at zero. `given` are the values of the labels that the table calls GIVEN. Of the methods as
 * many are told apart as keep the page small, METRIC_METHODS at most; the others share the value
 * "_OTHER".
 */
#define METRIC_METHODS 64
struct metrics *metrics_new(const struct metric_values given[METRIC_LABEL_COUNT]);
void metrics_free(struct metrics *metrics); /* NULL is allowed */

/*
 * Counters go up, gauges go up and down or are set, histograms observe a duration. `first` and
 * `second` are numbers of the labels' values, 0 where there is no label. Any thread; without
 * metrics, as tests and tools have them, nothing is counted.
 */
void metric_add(struct metrics *metrics, enum metric metric, size_t first, size_t second,
                int64_t amount);
void metric_set(struct metrics *metrics, enum metric metric, size_t first, size_t second,
                int64_t value);
void metric_observe(struct metrics *metrics, enum metric metric, size_t first, int64_t ns);

static inline void metric_count(struct metrics *metrics, enum metric metric, size_t first,
                                size_t second)
{
    metric_add(metrics, metric, first, second, 1);
}

/*
 * Counts a metric whose labels the table calls SEEN. The first METRIC_SEEN_PAIRS pairs of values
 * get a row of their own; later ones are told apart by their first value, METRIC_SEEN_FIRSTS of
 * them, and what is left shares one row: "_OTHER" stands for what is not told. A value longer than
 * METRIC_VALUE_BYTES, or not UTF-8, is one of the others. A lock is taken when a row is added, only
 * then.
 */
#define METRIC_SEEN_PAIRS 64
#define METRIC_SEEN_FIRSTS 32
#define METRIC_VALUE_BYTES 128
void metric_count_seen(struct metrics *metrics, enum metric metric, struct text first,
                       struct text second);

/* Which of the two formats: Prometheus' text format 0.0.4 or OpenMetrics 1.0.0. */
enum metric_format { METRIC_TEXT, METRIC_OPENMETRICS };

/* The value of Content-Type; static storage. */
const char *metric_content_type(enum metric_format format);

/* All metrics as a page. Any thread; the values are those of about this moment. */
void metrics_write(struct metrics *metrics, enum metric_format format, struct buffer *out);
