/* SPDX-License-Identifier: MIT */
/*
 * Reading the responses that issue credentials: of IAM, STS, the metadata service and the pod
 * identity agent. They spell the same members differently, and one reader takes all spellings. The
 * texts are in the arena or are views of the response; a failure never repeats them. Pure; any
 * thread.
 */
#pragma once

#include "base/arena.h"
#include "base/status.h"
#include "credential/issued.h"
#include "http/nouns.h"

/* The largest body of a response. */
#define ANSWER_BYTES 65536

/* Reads a temporary key. UNAVAILABLE, naming the member, when one is missing, twice there or not of
 * its form. */
must_use bool answer_read_key(const struct http_response *response, struct arena *arena,
                              struct issued *issued, struct status *status);

/* Reads a token, which is in X-Subject-Token, its end and its project. Fails likewise. */
must_use bool answer_read_token(const struct http_response *response, struct arena *arena,
                                struct issued *issued, struct status *status);

/* Reads project_id of the metadata of a node; it stays empty when there is none. Fails when the
 * body is not JSON. */
must_use bool answer_read_node(const struct http_response *response, struct arena *arena,
                               struct text *project, struct status *status);

/* Reads the ids of a list of projects: sets their number and the first one. Fails likewise. */
must_use bool answer_read_projects(const struct http_response *response, struct arena *arena,
                                   size_t *count, struct text *first, struct status *status);
