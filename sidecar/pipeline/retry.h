/* SPDX-License-Identifier: MIT */
/*
 * Whether another attempt may follow the one that has just ended. A request that may change
 * something is sent again only if it was provably not processed, or if it is idempotent and its
 * response was lost (RFC 9110 section 9.2.2). Pure functions of a transaction; the pipeline acts on
 * them. The thread that has the transaction.
 */
#pragma once

#include "pipeline/transaction.h"
#include "telemetry/metric.h"

/* Why another attempt may follow. */
enum retry_cause {
    RETRY_NONE,       /* it may not */
    RETRY_CREDENTIAL, /* the credential was rejected: once, if there is a newer one */
    RETRY_KEY,        /* not sent, because the access key has to be confirmed first */
    RETRY_THROTTLED,  /* too many requests: once the rate lets it go again */
    RETRY_REJECTED,   /* certainly not processed, or it only reads, and it may succeed later */
    RETRY_LOST,       /* perhaps processed and the response lost, but it is idempotent */
    RETRY_ABSENT,     /* a look-up proved that nothing was created */
};

enum retry_cause retry_judge(const struct transaction *transaction);

/* How long an attempt has to wait at least, by the upstream's own words. */
int64_t retry_wait_ns(const struct transaction *transaction);

/* How many attempts were made of the request that is under way: the call's own or the look-up. */
unsigned retry_attempts(const struct transaction *transaction);

/* The metric's label value; not of RETRY_NONE and RETRY_KEY. */
enum metric_retry retry_metric(enum retry_cause cause);
