/* SPDX-License-Identifier: MIT */
#include "upstream/connect_status.h"

#include "base/banned.h"

void connect_status_init(struct connect_status *connect_status)
{
    *connect_status = (struct connect_status){.was_tried = false};
    pthread_mutex_init(&connect_status->lock, NULL);
}

void connect_status_clear(struct connect_status *connect_status)
{
    pthread_mutex_destroy(&connect_status->lock);
}

void connect_status_note(struct connect_status *connect_status, const struct status *failure)
{
    pthread_mutex_lock(&connect_status->lock);
    connect_status->was_tried = true;
    if (failure)
        connect_status->failure = *failure;
    else
        status_clear(&connect_status->failure);
    pthread_mutex_unlock(&connect_status->lock);
}

void connect_status_describe(struct connect_status *connect_status, struct buffer *out)
{
    pthread_mutex_lock(&connect_status->lock);
    buffer_add_text(out, !connect_status->was_tried ? text_literal("no call has needed it yet")
                         : connect_status->failure.code == STATUS_OK
                             ? text_literal("reached")
                             : text_of(connect_status->failure.message));
    pthread_mutex_unlock(&connect_status->lock);
}
