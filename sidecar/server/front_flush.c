/* SPDX-License-Identifier: MIT */
/* Reports when bytes that C-core had written before a request are in the caller's socket. */
#include <poll.h>

#include "server/front_connection.h"

#include "base/banned.h"

/* The stamp of a request that is still to be given one. */
#define NOT_YET UINT64_MAX

void front_flush_add(struct front_connection *connection, struct flush_request *request)
{
    request->until = NOT_YET;
    STAILQ_INSERT_TAIL(&connection->flushes, request, place);
}

void front_flush_stamp(struct front_connection *connection)
{
    uint64_t until = connection->flushed + connection->to_caller.size +
                     connection->front->outputs.to_caller.size;
    for (struct flush_request *request = STAILQ_FIRST(&connection->flushes); request;
         request = STAILQ_NEXT(request, place))
        if (request->until == NOT_YET)
            request->until = until;
}

static void answer_first(struct front_connection *connection, bool good)
{
    struct flush_request *request = STAILQ_FIRST(&connection->flushes);
    STAILQ_REMOVE_HEAD(&connection->flushes, place);
    request->done(request, good);
}

static bool is_first_flushed(const struct front_connection *connection)
{
    const struct flush_request *first = STAILQ_FIRST(&connection->flushes);
    return first && first->until <= connection->flushed;
}

/* A write succeeds also when the caller has closed its end, and such a caller may retry elsewhere:
 * it never reads what was written. */
static bool caller_has_closed(const struct front_connection *connection)
{
    struct pollfd caller = {.fd = connection->channel.fd, .events = POLLRDHUP};
    return connection->caller_ended || (poll(&caller, 1, 0) > 0 && caller.revents);
}

void front_flush_answer(struct front_connection *connection)
{
    if (!is_first_flushed(connection))
        return;
    bool good = !caller_has_closed(connection);
    while (is_first_flushed(connection))
        answer_first(connection, good);
}

void front_flush_fail(struct front_connection *connection)
{
    while (!STAILQ_EMPTY(&connection->flushes))
        answer_first(connection, false);
}
