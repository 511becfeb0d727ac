/* SPDX-License-Identifier: MIT */
/*
 * The path of a call, from the caller's bytes to the reply. pipeline.c has both tables of steps:
 * read it first. The parts that the steps use are built and freed by sidecar.c and must outlive all
 * calls.
 */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

#include "config/config.h"
#include "credential/credential.h"
#include "pipeline/caller.h"
#include "pipeline/retry_budget.h"
#include "server/call.h"
#include "telemetry/metric.h"
#include "upstream/upstream.h"

#define PIPELINE_OUTAGES 2

struct pipeline {
    const struct config *config;
    struct credential *credential;
    struct upstream *upstream;
    struct metrics *metrics;
    const struct schema_method *methods; /* in the order of METRIC_LABEL_METHOD */
    struct text prefix; /* of the upstream's URL, in front of every path: "" or "/prefix" */
    struct retry_budget budget;
    struct callers callers;
    _Atomic uint64_t successes;            /* counted for --log-sample */
    atomic_bool outages[PIPELINE_OUTAGES]; /* that the log has warned of */
};

/* The functions to hand calls to; `pipeline`, whose budget and callers this sets up, must outlive
 * them. */
struct call_handler pipeline_handler(struct pipeline *pipeline);
