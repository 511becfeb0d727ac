/* SPDX-License-Identifier: MIT */
/* A CreateApiGroup as it usually is, in the form that each pure module takes it: messages, bytes,
 * HTTP requests and responses. A failure ends the program, because no row may fail. */
#pragma once

#include "credential/signature.h"
#include "guard_call.h"
#include "http/request_writer.h"
#include "http/response_reader.h"
#include "schema/schema.h"

/* The input of all rows. `kept` lives as long as the program, `call` as long as one run. */
struct subject {
    struct arena kept, call;
    struct schema *schema;
    const struct schema_method *method;
    ProtobufCMessage *message, *group;
    struct text wire, token, large_token, response, chunked_response;
    struct http_request request; /* without the token */
    struct http_response read_response;
    struct signing_key *key, *temporary_key;
    struct guard_calls *guard_calls;
    char sent[16384]; /* a request's bytes, put together as they are sent */
};

void subject_init(struct subject *subject);
void subject_clear(struct subject *subject);

/* Ends the program with the message of the status unless `good`. */
void expect(bool good, const struct status *status);

/* The bytes of a message. */
struct text pack(const struct schema_message *type, const ProtobufCMessage *message,
                 struct arena *arena);
