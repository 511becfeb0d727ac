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
#include "system/secret_list.h"
#include "telemetry/metric.h"

/* The hosts that sources ask. */
enum source_host {
    SOURCE_NODE, /* metadata service or pod identity agent: plain HTTP on this node */
    SOURCE_IAM,
    SOURCE_STS,
    SOURCE_HOSTS,
};

/* The next step of a fetch. */
enum source_next {
    SOURCE_SEND,   /* `request` is to be sent to `host`; `answered` gets its result */
    SOURCE_ISSUED, /* the fetch has ended with `issued` */
    SOURCE_FAILED, /* the fetch has ended with `fault` and `status` */
};

/* The consequence of a failed fetch for the next one. */
enum source_fault {
    SOURCE_PASSING,             /* it may succeed soon */
    SOURCE_REFUSED,             /* our configuration is wrong: a minute's pause */
    SOURCE_COUNTS_TOWARDS_LOCK, /* of account or key: half an hour's pause, or a changed file */
};

/* Secrets that one fetch sends: an identity token, a password, what was issued on the way to an
 * agency's key, and signatures. */
#define SOURCE_HIDDEN 8

/* One fetch: a source's memory from `begin` to its end. */
struct source_fetch {
    struct arena *arena;         /* of secret memory; all texts of the fetch lie in it */
    int64_t now_ns;              /* calendar, corrected by what is known of the server's clock */
    bool had_wrong_time;         /* the last response has corrected now_ns by a minute or more */
    struct secret_list *secrets; /* NULL is allowed */
    unsigned step;               /* the source's own; 0 at `begin` */

    enum source_host host; /* of SOURCE_SEND */
    struct http_request request;

    struct text kept;     /* the source's own, from one request to the next */
    struct issued issued; /* of SOURCE_ISSUED */

    enum source_fault fault; /* of SOURCE_FAILED */
    int64_t retry_after_ns;  /* as the server has asked for, or 0 */
    struct status status;

    struct secret *hidden[SOURCE_HIDDEN]; /* by source_hide */

    bool has_offset; /* a response has shown the server's clock */
    int64_t offset_ns;
};

/* Keeps a secret that is sent, such as a password, out of texts until the fetch has ended. */
void source_hide(struct source_fetch *fetch, struct text secret);

/* The same for the secrets of what was issued so far, because the next request is made with it. */
void source_hide_issued(struct source_fetch *fetch);

/* The fetch has ended. */
void source_end_hiding(struct source_fetch *fetch);

/* Reads a file of one text of visible ASCII, at most `most` bytes, without its line end. Fails the
 * fetch, naming the path. */
must_use bool source_read_file(struct source_fetch *fetch, const char *path, size_t most,
                               struct text *text);

/* Begins the request of a fetch; the fields and the body are added by source_add_field and
 * source_set_body. Texts are views. */
void source_request(struct source_fetch *fetch, enum source_host host, const char *method,
                    struct text target);
void source_add_field(struct source_fetch *fetch, const char *name, struct text value);
void source_set_body(struct source_fetch *fetch, struct text json);

/* Fails the fetch: the status is UNAVAILABLE with that text. */
enum source_next source_fail(struct source_fetch *fetch, enum source_fault fault,
                             const char *format, ...) printf_like(3, 4);

/* Fails the fetch because of a response that is not a success: 400, 401, 403 and 404 are about our
 * configuration, and others pass. The status has the server's code, words and trace id, without
 * secrets. */
#define SOURCE_TRACE_ID "; trace id "
enum source_next source_refuse(struct source_fetch *fetch, const struct http_response *response);

struct source;

struct source_kind {
    const char *name;   /* for people: "token file" */
    const char *option; /* "token-file", also the value of the metrics' label */
    /* Starts a fetch, whose arena and now_ns are set and whose other members are zero. */
    enum source_next (*begin)(struct source *source, struct source_fetch *fetch);
    /* Takes the response, of any status, to the request of the fetch; NULL for a source that sends
     * none. `response` lies in the fetch's arena. Without a response a fetch fails, unless
     * `unanswered` has something to try. */
    enum source_next (*answered)(struct source *source, struct source_fetch *fetch,
                                 const struct http_response *response);
    enum source_next (*unanswered)(struct source *source, struct source_fetch *fetch);
    void (*clear)(struct source *source); /* NULL: the source owns nothing but its own memory */
    enum metric_issuer metric;            /* the label's value; not of a token file */
    bool gives_project;                   /* what it issues belongs to a project that it knows */
};

#define SOURCE_FILES 3

/* The first member of each source's own struct, which is one allocation. */
struct source {
    const struct source_kind *kind;
    const char *place;               /* what people know it by: a path or a URL */
    const char *urls[SOURCE_HOSTS];  /* of the hosts that it asks: "https://host[:port][/prefix]" */
    const char *files[SOURCE_FILES]; /* watched: a change starts a fetch; NULL: none */
};

void source_free(struct source *source); /* NULL is allowed */
