/* SPDX-License-Identifier: MIT */
/* The details of failures that the front replies with, before a call is made of a stream. */
#pragma once

#include <stddef.h>

#include "server/call.h"

/* A call_handler's `describe`; the context is not looked at. Any thread. */
size_t front_failure_describe(const struct call_refusal *refusal, char *at, size_t room,
                              void *context);

/* A call_handler's `refused`: logs the call. The context is not looked at. Any thread. */
void front_failure_log(const struct call_refusal *refusal, void *context);
