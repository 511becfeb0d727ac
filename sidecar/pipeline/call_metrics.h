/* SPDX-License-Identifier: MIT */
/* The metrics of a call and its exchanges. For the files of the pipeline; any thread that has the
 * call. */
#pragma once

#include "pipeline/step.h"
#include "telemetry/metric.h"

struct call_refusal;
struct pipeline;
struct transaction;

/* Fills in the values of the labels that are the pipeline's own. */
void call_metrics_values(struct metric_values given[METRIC_LABEL_COUNT]);

/* An exchange has ended, the call's own or a look-up; `vendor_code` is empty when there is none. */
void call_metrics_exchange(const struct transaction *transaction, struct text vendor_code);

/* The request is about to be sent once more. */
void call_metrics_retry(const struct transaction *transaction, enum metric_retry retry);

/* A look-up has ended, with transaction->verdict. */
void call_metrics_lookup(const struct transaction *transaction);

/* The front has ended a call that the step would have refused. */
void call_metrics_refused(const struct pipeline *pipeline, const struct call_refusal *refusal,
                          enum step step);

/* The call is about to be answered, with transaction->status. */
void call_metrics_call(const struct transaction *transaction);
