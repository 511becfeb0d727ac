/* SPDX-License-Identifier: MIT */
/*
 * One create on its way from a client, perhaps through a proxy, and through the sidecar to the upstream, with every
 * retry and every failure on that way. tests/model/run lets spin visit all states of it.
 *
 * Left out: time (a deadline may pass at any moment, a backoff takes no time), the content of messages, other calls,
 * and requests with an idempotency level, which may be carried out twice. RESOURCE_EXHAUSTED is treated as UNAVAILABLE here, because retry policies do.
 */
#ifndef CLIENT_ATTEMPTS
#define CLIENT_ATTEMPTS 3
#endif
#ifndef PROXY_ATTEMPTS
#define PROXY_ATTEMPTS 0 /* for each of the client's; 0 for no proxy */
#endif
#define SIDECAR_ATTEMPTS 2 /* for each call that reaches the sidecar; those that are throttled do not count */
#ifndef VARIANT
#define VARIANT AS_DESIGNED
#endif

/* Each variant of the second group undoes a decision of the design, each of the third lifts an assumption about the
 * world, which is a limit of the promise; either way a property has to break. */
mtype:variant = {
    AS_DESIGNED,
    CALM, /* no connection breaks, no process is killed, no deadline passes */

    COMMIT_AFTER_FIRST_BYTE,   /* response headers follow the first byte of the request */
    COMMIT_WITHOUT_CONNECTION, /* response headers leave before a connection to the upstream is at hand */
    HEADERS_ON_FAILURE,        /* a failure before the commit is not Trailers-Only */
    BARE_503_IS_REFUSAL,       /* a 503 without proof counts as not processed */
    LOST_IS_REFUSAL,           /* a connection that broke after the first byte counts as not processed */
    ABSENCE_AFTER_504,         /* a look-up that finds nothing after a 504 counts as proof */
    CLIENT_RETRIES_COMMITTED,  /* the client retries although it has received response headers */
    PROXY_RETRIES_COMMITTED,   /* the proxy retries although it has received response headers */

    BREAK_LOSES_HEADERS,       /* headers in the caller's socket are lost when the connection breaks */
    WRITE_TO_DEAD_PEER,        /* headers count as written although the caller has closed the connection */
    PROXY_LOSES_CLIENT,        /* the client's connection to the proxy breaks before the client has the headers */
    PROXY_CUTS_TRIES,          /* the proxy gives up a try without headers, and tries again (a timeout for each try) */
    WORK_OUTLIVES_CONNECTION   /* the upstream carries out a request after its connection broke and a look-up ran */
};

/* From sidecar to caller. UNAVAILABLE and REFUSED have ErrorInfo and say "not processed". BROKEN is the transport's
 * UNAVAILABLE, without ErrorInfo; it says nothing about the outcome, and neither does UNKNOWN. */
mtype:status = { HEADERS, OK, UNAVAILABLE, REFUSED, UNKNOWN, BROKEN };

/* From upstream to sidecar. NOT_SENT: not one byte of the request left. THROTTLED: refused with proof, may be sent
 * again (429, 503 with Retry-After, 401). INVALID: refused for good (400). LOST: the connection broke. */
mtype:answer = { NOT_SENT, THROTTLED, INVALID, CREATED, LOST, BARE_503, GATEWAY_TIMEOUT, OUT_OF_TIME };

/* A connection for each attempt: first the client's, then the proxy's to the sidecar. Its channel is the caller's
 * socket: the caller reads what is in it also after the other end broke or was killed. A caller that cancelled has
 * CLOSED its stream only, and the sidecar may not know. */
mtype:connection = { UNUSED, OPEN, BROKE, CLOSED };
#define FIRST_OF_SIDECAR (PROXY_ATTEMPTS > 0 -> CLIENT_ATTEMPTS : 0)
#define CONNECTIONS (CLIENT_ATTEMPTS + CLIENT_ATTEMPTS * PROXY_ATTEMPTS)
mtype:connection connection[CONNECTIONS] = UNUSED;
chan to_caller[CONNECTIONS] = [2] of { mtype:status, bool }; /* the bool: grpc-retry-pushback-ms is -1 */
bool served[CONNECTIONS]; /* the other end works for it */
bool killed[CONNECTIONS]; /* the sidecar's process at the other end was killed */

chan requests = [CONNECTIONS] of { byte }; /* sent to the upstream: at least one byte has left */
chan answers[CONNECTIONS] = [1] of { mtype:answer };

byte carried_out;            /* how often the upstream created the thing */
byte attempt;                /* how many the client has made */
bool late;                   /* the deadline passed */
bool pushed_back;            /* the last status had pushback -1 */
bool at_hand;                /* a call was committed when a connection to the upstream was at hand */
bool ended;                  /* the client's call has ended */
mtype:status code = UNKNOWN; /* the status that the application gets then */

#define may_retry(status) (status == UNAVAILABLE || status == BROKEN)
#define said_not_processed (ended && (code == UNAVAILABLE || code == REFUSED))
#define given_up (ended && may_retry(code) && !late && !pushed_back && attempt < CLIENT_ATTEMPTS && !at_hand)

ltl never_carried_out_twice { [] (carried_out < 2) }
ltl not_processed_is_never_said_of_the_processed { [] !(said_not_processed && carried_out > 0) }
ltl the_uncommitted_is_not_given_up { [] !given_up }
ltl a_call_ends { <> ended } /* for CALM, because a break ends every wait */

/* These have to be violated; the properties above would mean little in a model that cannot get there. */
ltl no_last_attempt_succeeds { [] !(ended && code == OK && attempt == CLIENT_ATTEMPTS) }
ltl no_outcome_is_unknown { [] !(ended && code == UNKNOWN && !late) }

inline write(number, status, pushback)
{
    if :: connection[number] == OPEN -> to_caller[number] ! status, pushback :: else fi
}

inline leave(number, how) /* the caller's end of the connection */
{
    do :: nempty(to_caller[number]) -> to_caller[number] ? _, _ :: empty(to_caller[number]) -> break od;
    connection[number] = (served[number] -> how : UNUSED)
}

inline stop_serving(number)
{
    served[number] = false; connection[number] = (connection[number] == OPEN -> OPEN : UNUSED)
}

/* A connection breaks only when the caller has read all that its socket holds, because an earlier break looks the same
 * to both ends. A refused connection is one that is not served, and breaks. */
#define may_break(number) (VARIANT != CALM && (empty(to_caller[number]) || VARIANT == BREAK_LOSES_HEADERS))

/*
 * The client's gRPC library with a retry policy (gRFC A6). Received response headers commit a call, which is then not
 * retried. UNAVAILABLE before them, Trailers-Only or the transport's own, is retried up to CLIENT_ATTEMPTS; pushback
 * -1 stops that. A connection to a proxy lasts until the headers are there, but for PROXY_LOSES_CLIENT.
 */
#define client_may_lose (PROXY_ATTEMPTS == 0 || VARIANT == PROXY_LOSES_CLIENT)
active proctype Client()
{
    byte here;
    bool committed;
    mtype:status got = HEADERS;
    do
    :: atomic {
            here = attempt; attempt++; connection[here] = OPEN;
            if :: served[here] = true :: VARIANT != CALM && client_may_lose /* refused */ fi };
        do
        :: atomic { to_caller[here] ? got, pushed_back ->
                if :: got == HEADERS -> committed = true :: else -> leave(here, CLOSED); break fi }
        :: atomic { may_break(here) && (client_may_lose || committed) ->
                leave(here, BROKE); got = BROKEN; pushed_back = false; break }
        :: atomic { VARIANT != CALM -> leave(here, CLOSED); got = UNKNOWN; late = true; break }
        od;
        atomic {
            if
            :: may_retry(got) && (!committed || VARIANT == CLIENT_RETRIES_COMMITTED) && !pushed_back &&
                attempt < CLIENT_ATTEMPTS
            :: else -> code = got; ended = true; break
            fi }
    od
}

inline end_proxying()
{
    try = 0; here = 0; committed = false; pushback = false; got = HEADERS; stop_serving(client); goto idle
}

/*
 * A proxy that may retry, such as Envoy with "retry_on: unavailable,resource-exhausted"; there is one of these for each
 * of the client's attempts. It has the same notion of a commit, does not know pushback, and forwards response headers
 * at once. When it loses its connection to the sidecar it retries, or reports UNAVAILABLE itself, without ErrorInfo.
 */
proctype Proxy(byte client)
{
    byte try, here;
    bool committed, pushback;
    mtype:status got = HEADERS;
idle:
    do
    :: atomic { served[client] ->
            here = CLIENT_ATTEMPTS + client * PROXY_ATTEMPTS + try; try++; connection[here] = OPEN;
            if :: served[here] = true :: VARIANT != CALM /* refused */ fi };
        do
        :: atomic { to_caller[here] ? got, pushback ->
                if :: got != HEADERS -> leave(here, CLOSED); break :: else fi;
                committed = true; write(client, HEADERS, false) }
        :: atomic { may_break(here) -> leave(here, BROKE); got = BROKEN; pushback = false; break }
        :: atomic { VARIANT == PROXY_CUTS_TRIES && !committed -> leave(here, CLOSED); got = BROKEN; break }
        :: atomic { connection[client] != OPEN -> leave(here, CLOSED); end_proxying() }
        od;
        atomic {
            if
            :: may_retry(got) && (!committed || VARIANT == PROXY_RETRIES_COMMITTED) && try < PROXY_ATTEMPTS
            :: true -> write(client, got, pushback); end_proxying()
            fi }
    od
}

inline finish()
{
    if :: nempty(answers[number]) -> answers[number] ? _ :: empty(answers[number]) fi;
    tries = 0; committed = false; got = NOT_SENT; killed[number] = false; stop_serving(number); goto idle
}

/* Ends the call when the caller's connection is gone; else the response headers are in the caller's socket. */
inline commit(connected)
{
    if
    :: committed
    :: !committed && connection[number] == BROKE && VARIANT != WRITE_TO_DEAD_PEER -> finish()
    :: else -> committed = true; at_hand = at_hand || connected; write(number, HEADERS, false)
    fi
}

inline fail(pushback)
{
    if :: VARIANT == HEADERS_ON_FAILURE && !committed -> write(number, HEADERS, false) :: else fi;
    write(number, UNAVAILABLE, pushback); finish()
}

#define not_carried_out (got == NOT_SENT || got == THROTTLED || \
    (got == BARE_503 && VARIANT == BARE_503_IS_REFUSAL) || (got == LOST && VARIANT == LOST_IS_REFUSAL))
#define may_look_up (got == LOST || got == BARE_503 || got == GATEWAY_TIMEOUT)
#define throttled_wait (VARIANT != CALM) /* until the rate lets them go; in CALM no deadline ends that */
#define absence_is_proof (got != GATEWAY_TIMEOUT || VARIANT == ABSENCE_AFTER_504)

/*
 * The sidecar, one process for each call. It commits when a connection to the upstream is at hand, and before the
 * first byte of the request leaves. A failure before that is Trailers-Only; the sidecar's own retries before it are
 * left out, because they have no effect that others see. After it the sidecar itself retries a proven refusal, a
 * request of which no byte left, and one that a look-up (--recover-lost-creates) proves absent. A call that is throttled
 * waits for its turn again, committed as before, any number of times; it may be refused meanwhile. A kill comes between
 * any two steps; an atomic step has at most one effect outside.
 */
proctype Sidecar(byte number)
{
    byte tries;
    bool committed;
    mtype:answer got = NOT_SENT;
idle:
    {
        atomic { served[number] ->
            if :: VARIANT == COMMIT_WITHOUT_CONNECTION -> commit(false) :: else fi;
            if
            :: true -> fail(false) /* no connection, no credential, overload, drain */
            :: true -> fail(true)  /* a limit that a retry cannot pass */
            :: VARIANT != COMMIT_AFTER_FIRST_BYTE -> commit(true)
            :: VARIANT == COMMIT_AFTER_FIRST_BYTE
            fi };
        do
        :: atomic {
                tries++;
                if
                :: got = NOT_SENT /* the connection at hand had died, or another one could not be made */
                :: got = LOST; requests ! number
                fi };
            if :: VARIANT == COMMIT_AFTER_FIRST_BYTE -> atomic { commit(true) } :: else fi;
            atomic {
                if
                :: got == NOT_SENT
                :: got == LOST && nempty(answers[number]) -> answers[number] ? got;
                    if :: got == THROTTLED && throttled_wait -> tries-- :: else fi
                :: got == LOST && VARIANT != CALM -> got = OUT_OF_TIME /* deadline, --drain-timeout, --max-age-grace */
                :: got == LOST && connection[number] != OPEN -> finish() /* a cancel that was noticed */
                fi;
                if
                :: may_look_up && !not_carried_out && carried_out > 0 -> got = CREATED
                :: may_look_up && !not_carried_out && carried_out == 0 && absence_is_proof -> got = THROTTLED
                :: true /* no look-up was needed or possible, or it proved nothing */
                fi;
                if
                :: not_carried_out && tries < SIDECAR_ATTEMPTS
                :: not_carried_out -> fail(false)
                :: got == INVALID -> write(number, REFUSED, false); finish()
                :: got == CREATED -> write(number, OK, false); finish()
                :: !not_carried_out && got != INVALID && got != CREATED -> write(number, UNKNOWN, true); finish()
                fi }
        od
    } unless { atomic { killed[number] -> finish() } }
}

/* SIGKILL of the sidecar, at any moment and any number of times. It is started again at once. */
active proctype Kill()
{
    byte i;
    do
    :: atomic { VARIANT != CALM && !ended ->
            for (i : FIRST_OF_SIDECAR .. CONNECTIONS - 1) { killed[i] = served[i] };
            i = 0 }
    od
}

inline answer(it) { if :: served[number] -> answers[number] ! it :: else fi }

/*
 * The upstream, perhaps behind an intermediary. It refuses with proof, or carries out and answers, or the answer is
 * lost. An intermediary makes a bare 503 or a 504 of a lost answer, whether the request was carried out or not; behind
 * a 504 the work may go on. A request that was sent arrives, or is lost, also when the sidecar has been killed since.
 */
active proctype Upstream()
{
    byte number, at_work;
    do
    :: atomic { requests ? number ->
            if
            :: true -> answer(THROTTLED)
            :: true -> answer(INVALID)
            :: carried_out++; answer(CREATED)
            :: carried_out++; answer(LOST)
            :: true -> answer(LOST)
            :: carried_out++; answer(BARE_503)
            :: true -> answer(BARE_503)
            :: at_work++; answer(GATEWAY_TIMEOUT)
            :: true -> answer(GATEWAY_TIMEOUT)
            :: VARIANT == WORK_OUTLIVES_CONNECTION -> at_work++; answer(LOST)
            fi;
            number = 0 }
    :: atomic { at_work > 0 -> at_work--; carried_out++ }
    od
}

init
{
    byte i;
    atomic {
        for (i : 0 .. CONNECTIONS - 1) { if :: i < FIRST_OF_SIDECAR -> run Proxy(i) :: else -> run Sidecar(i) fi };
        i = 0 }
}
