/* SPDX-License-Identifier: MIT */
/* The inside of the front, for the files that it is made of. All on the front's thread, but for
 * what a comment says. */
#pragma once

#include <event2/event.h>
#include <event2/event_struct.h>

#include <stdatomic.h>

#include "base/rate_limit.h"
#include "http2/guard.h"
#include "server/call_table.h"
#include "server/channel.h"
#include "server/front.h"
#include "server/peer_table.h"
#include "server/tls.h"
#include "system/event_thread.h"

/* Bytes that are read from one side in one go. */
#define FRONT_PIECE_BYTES 32768

enum front_phase {
    FRONT_HANDSHAKE,
    FRONT_SERVING, /* from the first byte of HTTP/2 */
    FRONT_CLOSING, /* all bytes have been written, and the caller has time to read them */
};

/* The kinds of calls that are limited on a connection. */
enum front_kind { FRONT_CALL, FRONT_CHECK, FRONT_WATCH, FRONT_REFLECTION, FRONT_KINDS };

/* The events that a connection waits for: bits, and the places of the events. */
enum front_wait {
    FRONT_CALLER_READABLE,
    FRONT_CALLER_WRITABLE,
    FRONT_CORE_READABLE,
    FRONT_CORE_WRITABLE,
    FRONT_WAITS,
};

STAILQ_HEAD(commit_list, front_commit);

struct front_connection {
    LIST_ENTRY(front_connection) place;
    struct task added;
    struct front *front;
    struct channel channel;
    int inner; /* our end of the pair, whose other end is C-core's; -1 before the preface has come
                */
    enum front_phase phase;
    struct guard *guard; /* NULL before the first byte of HTTP/2 */
    struct guard_hooks hooks;
    struct output to_core, to_caller; /* that could not be written yet */
    uint64_t flushed;                 /* bytes that the caller's socket has taken */
    struct commit_list commits;       /* whose headers it has not taken yet */
    struct event events[FRONT_WAITS];
    unsigned waits;      /* bits of the events that are added */
    struct event resume; /* the guard paused reading */
    bool is_paused;
    bool caller_ended, core_ended; /* they send no more */
    bool core_shut;                /* C-core was sent the end of the caller's bytes */
    bool is_broken;                /* to be ended at once */
    bool is_reported;              /* why it ends */
    enum metric_close close;       /* why it ends, for the metric: the first cause */
    const char *misbehaviour;      /* for which no more calls are taken, or NULL */
    bool has_tls;
    int64_t added_ns, opened_ns, busy_ns, stalled_ns, announced_ns, finishing_ns, closing_ns;
    int64_t age_ns; /* at which it is closed */
    size_t open[FRONT_KINDS];
    struct rate_limit unfinished; /* calls */
    uint64_t rejected;            /* calls that were opened and rejected, as far as counted */
    int64_t paced_until_ns;       /* it is not read before then */
    struct peer peer;
    struct peer_account *account;
    struct peer_use *use; /* the account's; own_use when the peer is a trusted proxy */
    struct peer_use own_use;
    struct memory_share memory; /* of the budget */
    size_t held;                /* by guard and outputs, as far as counted */
    atomic_bool is_full;        /* bytes wait because the caller's socket takes no more */
};

LIST_HEAD(front_list, front_connection);

struct front {
    const struct config *config;
    struct front_events events;
    struct guard_settings guard_settings;
    struct peer_table *peers;
    struct call_table calls;
    struct tls *tls; /* NULL: plaintext */
    struct event_thread thread;
    struct task drain, cut, end;

    /* The front's thread. */
    struct front_list connections;
    size_t served; /* of them: those whose other end C-core has */
    struct event *tick, *refuse, *end_over;
    bool is_draining, has_drained, is_ending;
    struct front_connection *selected; /* whose turn it is, or NULL */
    struct guard_outputs outputs;      /* of the selected connection */
    struct status status;              /* of the call that is being rejected */
    uint8_t piece[FRONT_PIECE_BYTES];
};

/* Returns whether C-core serves the other end. */
static inline bool front_has_core(const struct front_connection *connection)
{
    return connection->inner >= 0;
}

/* front_connection.c: the phases of a connection. All of these but the first may free it. */

/* The rest of the handshake, as far as bytes have come, or a turn of the caller's bytes. */
void front_connection_receive(struct front_connection *connection);

/* Begins to serve a connection that was added to the front's list. */
void front_connection_begin(struct front_connection *connection);

/* Begins the connection's turn, in which the outputs belong to it; to be called before anything is
 * written into them. The turn of another one is finished before, which may free that. Bytes that
 * several events of a round bring for one connection are therefore written at once. */
void front_select(struct front_connection *connection);

/* The end of each turn: writes what there is, reports errors, closes or frees the connection, or
 * sets the events that it waits for. */
void front_connection_finish_turn(struct front_connection *connection);

/* Notes the cause of its end, unless there is one already. */
void front_connection_end_for(struct front_connection *connection, enum metric_close close);

/* The caller does not read: reports it, and the connection is ended with its turn. */
void front_connection_give_up(struct front_connection *connection, const char *why);

/* Sends the headers, and calls `done` when it is time. */
void front_connection_commit(struct front_connection *connection, struct front_commit *commit);

/* Frees it at once. */
void front_connection_end(struct front_connection *connection);

/* front_lifetime.c: these may free the connection. */

/* Looks after timeouts, ages and calls without a message. */
void front_connection_tick(struct front_connection *connection, int64_t now_ns);

/* Announces that the connection will end; one without an HTTP/2 preface ends. */
void front_connection_announce(struct front_connection *connection);

/* Takes no more calls. */
void front_connection_refuse(struct front_connection *connection);

/* front_io.c: none of these frees the connection, which is selected; its turn is finished
 * afterwards. */

/* A side is not read while the other one is slow, or after its end. */
bool front_may_read_caller(const struct front_connection *connection);
bool front_may_read_core(const struct front_connection *connection);

/* Reads a turn of bytes into the guard. */
void front_read_caller(struct front_connection *connection);
void front_read_core(struct front_connection *connection);

/* Writes to both sides; what they do not take is kept. */
void front_write(struct front_connection *connection);

/* front_commit.c: none of these frees the connection, which is selected. */

/* Writes the response headers into the outputs; the turn is finished afterwards. */
void front_commit_send(struct front_connection *connection, struct front_commit *commit);

/* Reports the commits whose headers the caller's socket has. */
void front_commits_report(struct front_connection *connection);

/* Reports all commits as failed, because the connection ends. */
void front_commits_fail(struct front_connection *connection);

/* front_call.c: the guard's hooks for a connection. */
struct guard_hooks front_hooks(struct front_connection *connection);

/* front.c */

/* The connections that C-core serves have become fewer, or the list shorter. */
void front_check_end(struct front *front);
