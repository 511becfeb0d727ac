/* SPDX-License-Identifier: MIT */
/*
 * Where a credential comes from: one file for each source, all of this shape. A source makes
 * requests and reads responses; it holds no time, no connection, no cache and no retry, because
 * fetch.c sends its requests and the keeper decides when. Pure but for reading its files; one
 * thread at a time.
 */
#pragma once

#include "base/arena.h"
#include "base/status.h"
#include "credential/issued.h"
#include "http/nouns.h"

/* The hosts that sources ask. */
enum source_host {
    SOURCE_NODE, /* metadata service or pod identity agent: plain HTTP on this node */
    SOURCE_IAM,
    SOURCE_STS,
    SOURCE_HOSTS,
};

/* The next step of a fetch. */
enum source_next {
    SOURCE_SEND,   /* `request` is to be sent to `host`; `answered` gets the response */
    SOURCE_ISSUED, /* the fetch has ended with `issued` */
    SOURCE_FAILED, /* the fetch has ended with `fault` and `status` */
};

/* The consequence of a failed fetch for the next one. */
enum source_fault {
    SOURCE_PASSING,        /* it may succeed soon */
    SOURCE_REFUSED,        /* our configuration is wrong: a minute's pause */
    SOURCE_WRONG_PASSWORD, /* each attempt counts towards the lock of the account: a changed file or
                              half an hour's pause */
};

/* One fetch: a source's memory from `begin` to its end. */
struct source_fetch {
    struct arena *arena; /* of secret memory; all texts of the fetch lie in it */
    int64_t now_ns;      /* calendar, corrected by what is known of the server's clock */
    unsigned step;       /* the source's own; 0 at `begin` */

    enum source_host host; /* of SOURCE_SEND */
    struct http_request request;

    struct issued issued; /* of SOURCE_ISSUED */

    enum source_fault fault; /* of SOURCE_FAILED */
    struct status status;
};

struct source;

struct source_kind {
    const char *name;   /* for people: "token file" */
    const char *option; /* "token-file", also the value of the metrics' label */
    /* Starts a fetch, whose arena and now_ns are set and whose other members are zero. */
    enum source_next (*begin)(struct source *source, struct source_fetch *fetch);
    /* Takes the response, of any status, to the request of the fetch; NULL for a source that sends
     * none. `response` lies in the fetch's arena. */
    enum source_next (*answered)(struct source *source, struct source_fetch *fetch,
                                 const struct http_response *response);
    void (*free)(struct source *source);
};

#define SOURCE_FILES 3

/* The first member of each source's own struct. */
struct source {
    const struct source_kind *kind;
    const char *place;               /* what people know it by: a path or a URL */
    const char *files[SOURCE_FILES]; /* watched: a change starts a fetch; NULL: none */
};
