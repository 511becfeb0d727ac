/* SPDX-License-Identifier: MIT */
/* What became of the last attempt to connect, for those who want to know whether the upstream can
 * be reached. Any thread. */
#pragma once

#include <pthread.h>
#include <stdbool.h>

#include "base/status.h"
#include "base/text.h"

struct reach {
    pthread_mutex_t lock;
    bool was_tried;
    struct status failure; /* OK when there was none */
};

void reach_init(struct reach *reach);
void reach_clear(struct reach *reach);

/* A connection was made, or could not be: `failure` is NULL or says why. */
void reach_note(struct reach *reach, const struct status *failure);

/* In a few words. */
void reach_describe(struct reach *reach, struct buffer *out);
