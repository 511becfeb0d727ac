/* SPDX-License-Identifier: MIT */
/* Commits calls: sends their response headers and reports when the caller's socket has them. */
#include <poll.h>

#include "server/front_connection.h"

#include "base/banned.h"

void front_commit_send(struct front_connection *connection, struct front_commit *commit)
{
    struct guard_outputs *outputs = &connection->front->outputs;
    if (!guard_commit(connection->guard, commit->stream, commit->fields, commit->field_count,
                      outputs)) {
        commit->done(commit, false);
        return;
    }
    commit->until = connection->flushed + connection->to_caller.size + outputs->to_caller.size;
    STAILQ_INSERT_TAIL(&connection->commits, commit, place);
}

static void report_first(struct front_connection *connection, bool good)
{
    struct front_commit *commit = STAILQ_FIRST(&connection->commits);
    STAILQ_REMOVE_HEAD(&connection->commits, place);
    /* A caller that has reset the stream meanwhile, as a proxy does before it retries, may never
     * read what was written. */
    commit->done(commit, good && guard_has_stream(connection->guard, commit->stream));
}

static bool is_first_sent(const struct front_connection *connection)
{
    const struct front_commit *first = STAILQ_FIRST(&connection->commits);
    return first && first->until <= connection->flushed;
}

/* A write succeeds also when the caller has closed its end, and such a caller may retry elsewhere:
 * it never reads what was written. */
static bool caller_has_closed(const struct front_connection *connection)
{
    struct pollfd caller = {.fd = connection->channel.fd, .events = POLLRDHUP};
    return connection->caller_ended || (poll(&caller, 1, 0) > 0 && caller.revents);
}

void front_commits_report(struct front_connection *connection)
{
    if (!is_first_sent(connection))
        return;
    bool good = !caller_has_closed(connection);
    while (is_first_sent(connection))
        report_first(connection, good);
}

void front_commits_fail(struct front_connection *connection)
{
    while (!STAILQ_EMPTY(&connection->commits))
        report_first(connection, false);
}
