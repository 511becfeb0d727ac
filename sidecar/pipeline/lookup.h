/* SPDX-License-Identifier: MIT */
/*
 * Finding out whether a create whose response was lost was carried out: the look-up's request
 * message and the verdict on its response. The .proto says which method lists the things and which
 * fields identify one (schema/recovery_option.h). Pure; any thread.
 */
#pragma once

#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"
#include "http/nouns.h"
#include "schema/recovery_option.h"
#include "upstream/upstream.h"

enum lookup_verdict {
    LOOKUP_NONE,   /* nothing was looked up */
    LOOKUP_FOUND,  /* it exists since the call began */
    LOOKUP_OLDER,  /* it exists, and did so before */
    LOOKUP_EXISTS, /* it exists, since when is not known */
    LOOKUP_ABSENT, /* it does not exist */
    LOOKUP_FAILED, /* the look-up gave no verdict */
};

#define LOOKUP_VERDICTS (LOOKUP_FAILED + 1)

/* "FOUND"; "" for LOOKUP_NONE. */
extern const char *const lookup_verdict_names[LOOKUP_VERDICTS];

/* Whether a look-up may follow an exchange that ended for that cause (EXCHANGE_CAUSE_NONE: with a
 * response). False when the call is over or the sidecar stops. */
bool lookup_may_help(enum exchange_cause cause);

/* The request message of the look-up, made of the create's, whose values it shares.
 * RESOURCE_EXHAUSTED when the arena is full. */
must_use bool lookup_request(const struct schema_recovery *recovery, const ProtobufCMessage *create,
                             struct arena *arena, ProtobufCMessage **request,
                             struct status *status);

/* Whether the response to a create is not that to another one: the field that identifies what was
 * created has the value that was sent, or one that differs in Unicode normalisation only, or is
 * absent. Also true when the response is not an element of the list. */
bool lookup_belongs(const struct schema_recovery *recovery, const ProtobufCMessage *create,
                    const ProtobufCMessage *response);

/*
 * The earliest moment, in nanoseconds since 1970 by the upstream's clock, at which something of
 * this call can have been created: the call began `ago_ns` before the response was here. By the
 * response's Date, which was true when the response was made; without one by our clock `now_ns`, of
 * which 5 s of difference are assumed.
 */
int64_t lookup_earliest_ns(const struct http_response *response, int64_t ago_ns, int64_t now_ns);

/*
 * Judges the look-up's response message. `found` is set with LOOKUP_FOUND: a message of the
 * create's response type, part of `listed`. LOOKUP_FAILED when several match, when the time of
 * creation cannot be read, and when nothing matches but the list does not have all there is.
 */
enum lookup_verdict lookup_judge(const struct schema_recovery *recovery,
                                 const ProtobufCMessage *create, const ProtobufCMessage *listed,
                                 int64_t earliest_ns, ProtobufCMessage **found);
