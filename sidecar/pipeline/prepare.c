/* SPDX-License-Identifier: MIT */
#include "pipeline/prepare.h"

#include "http/request_writer.h"
#include "rest/fill.h"
#include "rest/request.h"

#include "base/banned.h"

bool prepare_encode(struct transaction *transaction, const struct schema_method *method,
                    const ProtobufCMessage *message)
{
    transaction->project_id = fill_value(method->request, message, text_literal("project-id"));
    return request_encode(method, message, transaction->pipeline->prefix, &transaction->arena,
                          &transaction->request, &transaction->status) &&
           trace_headers_write(&transaction->trace, &transaction->request, &transaction->status);
}

/* The transaction keeps the request unsigned, because each attempt is signed when it goes out. */
bool prepare_sign(struct transaction *transaction)
{
    struct http_request request = transaction->request;
    const struct credential_scope scope = {upstream_authority(transaction->pipeline->upstream),
                                           transaction->project_id, &transaction->arena};
    return credential_sign(transaction->pipeline->credential, &scope, &request,
                           &transaction->credential, &transaction->status) &&
           http1_request(&request, scope.host, &transaction->arena, &transaction->exchange.request,
                         &transaction->status);
}

static enum credential_permit enter(struct transaction *transaction)
{
    return credential_enter(transaction->pipeline->credential, &transaction->credential);
}

bool prepare_to_go(struct transaction *transaction)
{
    enum credential_permit permit;
    while ((permit = enter(transaction)) == CREDENTIAL_STALE) {
        transaction_release_credential(transaction);
        if (!prepare_sign(transaction))
            return false;
    }
    transaction->has_to_wait = permit == CREDENTIAL_WAIT;
    return permit == CREDENTIAL_PASS ||
           status_fail(&transaction->status, STATUS_UNAVAILABLE,
                       "the upstream has refused the access key of the sidecar");
}
