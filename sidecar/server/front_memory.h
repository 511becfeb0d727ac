/* SPDX-License-Identifier: MIT */
/*
 * The memory that callers' connections and calls take of the budget (--max-memory). The amounts for
 * a connection and a call were measured with C-core 1.51 and include its share;
 * tests/e2e/test_memory compares them with the process's size. All on the front's thread, but for
 * front_memory_admit.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"

struct front;
struct front_connection;

/* A connection, plain or with TLS: the program's part, C-core's, and OpenSSL's. */
#define FRONT_CONNECTION_BYTES ((size_t)18 * 1024)
#define FRONT_TLS_BYTES ((size_t)40 * 1024)

/* A caller's bytes are kept this number of times: as C-core has them, and as they were read. */
#define FRONT_COPIES 2

/* A call without its header block and messages, as if the caller had sent it. */
#define FRONT_CALL_BYTES ((size_t)14 * 1024)

/* False when there is no memory for one more connection. The main thread. */
must_use bool front_memory_admit(struct front *front, bool has_tls);

/* The connection has ended, or was not admitted for another reason. */
void front_memory_leave(struct front *front, bool has_tls);

/* For `size` bytes of a call on the connection. False, and the refusal is counted, when the budget,
 * the peer's share of it or the connection's does not allow it. */
must_use bool front_memory_reserve(struct front_connection *connection, size_t size);
void front_memory_release(struct front_connection *connection, size_t size);

/* Counts what the guard and the outputs of the connection hold now. */
void front_memory_follow(struct front_connection *connection);
