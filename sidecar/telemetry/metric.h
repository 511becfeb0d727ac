/* SPDX-License-Identifier: MIT */
/*
 * Metrics. metric_table.c has a row for each; struct metrics holds their values, which sidecar.c
 * makes and hands to the modules that count. Counting is a relaxed atomic addition, without a lock
 * or an allocation, from any thread. The number of samples that a metric can have is fixed at the
 * start, whatever peers send. A new metric is a row in the table and a call where its event
 * happens.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

/* metric_table.c has the name, type, labels and meaning of each. */
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
    METRIC_MEMORY_RESERVED,
    METRIC_MEMORY_BUDGET,
    METRIC_MEMORY_REFUSALS,
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
    METRIC_UPSTREAM_LIMIT,
    METRIC_UPSTREAM_HUNG,
    METRIC_UPSTREAM_WAITING,
    METRIC_UPSTREAM_RATE_INTERVAL,
    METRIC_UPSTREAM_RETRIES,
    METRIC_RECOVERIES,
    METRIC_FILE_LOADS,
    METRIC_CREDENTIAL_READY,
    METRIC_CREDENTIAL_TIME,
    METRIC_CREDENTIAL_EXPIRY,
    METRIC_CREDENTIAL_FETCHES,
    METRIC_CREDENTIAL_FETCH_DURATION,
    METRIC_CREDENTIAL_REFUSALS,
    METRIC_CLOCK_OFFSET,
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
    METRIC_LABEL_CONNECTION_REFUSAL,
    METRIC_LABEL_CALLER,
    METRIC_LABEL_CLOSE, /* enum metric_close */
    METRIC_LABEL_SHED,  /* enum metric_shed */
    METRIC_LABEL_HTTP_STATUS,
    METRIC_LABEL_VENDOR_CODE,
    METRIC_LABEL_OUTCOME,
    METRIC_LABEL_CAUSE,
    METRIC_LABEL_CONNECTION, /* enum metric_connection */
    METRIC_LABEL_BREAKER,    /* enum breaker_state */
    METRIC_LABEL_RETRY,      /* enum metric_retry */
    METRIC_LABEL_LOOKUP_VERDICT,
    METRIC_LABEL_FILE,               /* enum metric_file */
    METRIC_LABEL_RESULT,             /* enum metric_result */
    METRIC_LABEL_CREDENTIAL_VERDICT, /* enum metric_credential_verdict */
    METRIC_LABEL_LOG_LOSS,           /* enum log_loss */
    METRIC_LABEL_KIND,               /* enum metric_kind */
    METRIC_LABEL_SOURCE,             /* enum metric_issuer */
    METRIC_LABEL_VERSION,
    METRIC_LABEL_REVISION,
    METRIC_LABEL_COUNT
};

enum metric_connection { METRIC_CONNECTION_NEW, METRIC_CONNECTION_REUSED };
enum metric_retry {
    METRIC_RETRY_CREDENTIAL,
    METRIC_RETRY_THROTTLED,
    METRIC_RETRY_REJECTED,
    METRIC_RETRY_LOST,
    METRIC_RETRY_ABSENT,
};
enum metric_file {
    METRIC_FILE_TOKEN,
    METRIC_FILE_CERTIFICATE,
    METRIC_FILE_UPSTREAM_CA,
    METRIC_FILE_IAM_CA,
};
/* Why a caller's connection ended, as the page's help says; the caller itself unless another cause
 * came first. */
enum metric_close {
    METRIC_CLOSE_CALLER,
    METRIC_CLOSE_REFUSED,
    METRIC_CLOSE_HANDSHAKE_TIMEOUT,
    METRIC_CLOSE_PROTOCOL_ERROR,
    METRIC_CLOSE_UNFINISHED_CALLS,
    METRIC_CLOSE_STALLED,
    METRIC_CLOSE_IDLE,
    METRIC_CLOSE_AGE,
    METRIC_CLOSE_DRAIN,
    METRIC_CLOSE_INTERNAL,
};
enum metric_shed { METRIC_SHED_CALL, METRIC_SHED_CONNECTION, METRIC_SHED_RESPONSE };
enum metric_result { METRIC_OK, METRIC_FAILED };
enum metric_kind { METRIC_KIND_TOKEN, METRIC_KIND_KEY };
enum metric_issuer {
    METRIC_ISSUER_KEYS,
    METRIC_ISSUER_METADATA,
    METRIC_ISSUER_POD_IDENTITY,
    METRIC_ISSUER_OIDC,
    METRIC_ISSUER_IAM_USER,
    METRIC_ISSUER_AGENCY,
};
enum metric_credential_verdict {
    METRIC_CREDENTIAL_VERDICT_RENEW,
    METRIC_CREDENTIAL_VERDICT_CLOCK,
    METRIC_CREDENTIAL_VERDICT_WRONG,
    METRIC_CREDENTIAL_VERDICT_PAUSE,
};

/* A label's values, in the order of the numbers by which the functions below name them. The strings
 * are terminated and outlive the metrics. */
struct metric_values {
    const char *const *names;
    size_t count;
};

/* Number of a label's last value, which is "_OTHER" in labels that have that. */
#define METRIC_OTHER SIZE_MAX

struct metrics;

/*
 * Makes metrics with all values zero. `given` are the values of the labels that the table calls
 * GIVEN. So that the page stays small, at most METRIC_METHODS methods have a value of their own;
 * the others share "_OTHER".
 */
#define METRIC_METHODS 64
struct metrics *metrics_new(const struct metric_values given[METRIC_LABEL_COUNT]);
void metrics_free(struct metrics *metrics); /* NULL is allowed */

/*
 * Counters and gauges are added to, gauges are set, histograms observe a duration. `first` and
 * `second` are the numbers of the labels' values, 0 where there is no label. Any thread; with
 * `metrics` NULL, as in tests, nothing is counted.
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
 * get a row of their own; METRIC_SEEN_FIRSTS later ones get a row by their first value, with
 * "_OTHER" as the second; all others share one row of "_OTHER". A value that is longer than
 * METRIC_VALUE_BYTES or not UTF-8 counts as "_OTHER". A lock is taken only when a row is added.
 */
#define METRIC_SEEN_PAIRS 64
#define METRIC_SEEN_FIRSTS 32
#define METRIC_VALUE_BYTES 128
void metric_count_seen(struct metrics *metrics, enum metric metric, struct text first,
                       struct text second);

/* Prometheus' text format 0.0.4 or OpenMetrics 1.0.0. */
enum metric_format { METRIC_TEXT, METRIC_OPENMETRICS };

/* The value of Content-Type; static storage. */
const char *metric_content_type(enum metric_format format);

/* Writes all metrics as a page. Any thread; values that change meanwhile are old or new. */
void metrics_write(struct metrics *metrics, enum metric_format format, struct buffer *out);
