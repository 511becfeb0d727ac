/* SPDX-License-Identifier: MIT */
/* What is counted of a call and its exchanges. For the files of the road; any thread that has the
 * call. */
#pragma once

#include "telemetry/metric.h"

struct walk;

/* Fills in the values of the labels that are the road's own. */
void count_values(struct metric_values given[METRIC_LABEL_COUNT]);

/* An exchange has ended, the call's own or a look-up; `vendor_code` is empty when there is none. */
void count_exchange(const struct walk *walk, struct text vendor_code);

/* The request is about to be sent once more. */
void count_retry(const struct walk *walk, enum metric_retry retry);

/* A look-up has ended, with walk->verdict. */
void count_look_up(const struct walk *walk);

/* The call is about to be answered, with walk->status. */
void count_call(const struct walk *walk);
