/* SPDX-License-Identifier: MIT */
/* Making the bytes of a request: the call's own or a look-up's. The thread that has the call. */
#pragma once

#include "pipeline/transaction.h"

/* Encodes a request message into transaction->request, with the trace headers of the call. Fails as
 * request_encode does, and INTERNAL when the request has no room for the headers. */
must_use bool prepare_encode(struct transaction *transaction, const struct schema_method *method,
                             const ProtobufCMessage *message);

/* Signs a copy of transaction->request with the credential of this moment and writes the bytes that
 * will leave, but for the credential, which stays where it is held. UNAVAILABLE when there is no
 * good credential. */
must_use bool prepare_sign(struct transaction *transaction);

/* Signs the request again when its credential was replaced since, directly before it goes out.
 * Fails as prepare_sign does, and when no request may go out with the credential now; `has_to_wait`
 * of the transaction says whether one may when another call has ended. */
must_use bool prepare_to_go(struct transaction *transaction);
