/* SPDX-License-Identifier: MIT */
#include "upstream/connect_status.h"

#include "base/banned.h"

void reach_init(struct reach *reach)
{
    *reach = (struct reach){.was_tried = false};
    pthread_mutex_init(&reach->lock, NULL);
}

void reach_clear(struct reach *reach)
{
    pthread_mutex_destroy(&reach->lock);
}

void reach_note(struct reach *reach, const struct status *failure)
{
    pthread_mutex_lock(&reach->lock);
    reach->was_tried = true;
    if (failure)
        reach->failure = *failure;
    else
        status_clear(&reach->failure);
    pthread_mutex_unlock(&reach->lock);
}

void reach_describe(struct reach *reach, struct buffer *out)
{
    pthread_mutex_lock(&reach->lock);
    buffer_add_text(out, !reach->was_tried ? text_literal("no call has needed it yet")
                         : reach->failure.code == STATUS_OK ? text_literal("reached")
                                                            : text_of(reach->failure.message));
    pthread_mutex_unlock(&reach->lock);
}
