/* SPDX-License-Identifier: MIT */
/* Reading what an exchange has come to: a response message, or a failure. The thread that has the
 * transaction. */
#pragma once

#include "pipeline/transaction.h"

/*
 * Completes an exchange that has ended. A compressed body is inflated to at most `most` bytes; if
 * that fails, the response counts as broken. A 4xx that is broken or too large becomes a response
 * without a body, because its status line alone proves that nothing was processed.
 */
void interpret_complete(struct exchange *exchange, size_t most);

/* Reads the fault of the exchange that has just ended into transaction->fault, of the call's own
 * request or of a look-up. To be called first. */
void interpret_fault(struct transaction *transaction);

/* Reads the response of the call's own request into transaction->response. False when the call has
 * failed: transaction->status and ->details are set then. */
must_use bool interpret_response(struct transaction *transaction);

/* Decodes the exchange's response as a method's. UNKNOWN when it cannot be used. A member that
 * cannot be read is left out, and a line of the log names the first one. */
must_use bool interpret_message(struct transaction *transaction, const struct schema_method *method,
                                ProtobufCMessage **message);

/* Whether it is unknown if the call's own request was carried out. After interpret_response. */
bool interpret_is_unknown(const struct transaction *transaction);
