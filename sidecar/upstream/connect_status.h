/* SPDX-License-Identifier: MIT */
/* The result of the last attempt to connect, for reports of whether the upstream can be reached.
 * Any thread. */
#pragma once

#include <pthread.h>
#include <stdbool.h>

#include "base/status.h"
#include "base/text.h"

struct connect_status {
    pthread_mutex_t lock;
    bool was_tried;
    struct status failure; /* OK when there was none */
};

void connect_status_init(struct connect_status *connect_status);
void connect_status_clear(struct connect_status *connect_status);

/* A connection was made, or could not be: `failure` is NULL or says why. */
void connect_status_note(struct connect_status *connect_status, const struct status *failure);

/* Adds a few words for people. */
void connect_status_describe(struct connect_status *connect_status, struct buffer *out);
