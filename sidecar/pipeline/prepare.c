/* SPDX-License-Identifier: MIT */
#include "pipeline/prepare.h"

#include <string.h>

#include "http/request_writer.h"
#include "rest/request.h"

#include "base/banned.h"

bool prepare_encode(struct transaction *transaction, const struct schema_method *method,
                    const ProtobufCMessage *message)
{
    return request_encode(method, message, transaction->pipeline->prefix, &transaction->arena,
                          &transaction->request, &transaction->status) &&
           trace_headers_write(&transaction->trace, &transaction->request, &transaction->status);
}

/* The transaction keeps the request unsigned, because each attempt is signed when it goes out. */
bool prepare_sign(struct transaction *transaction)
{
    struct http_request request = transaction->request;
    return credential_sign(transaction->pipeline->credential, &request, &transaction->credential,
                           &transaction->status) &&
           http1_request(&request, upstream_authority(transaction->pipeline->upstream),
                         &transaction->arena, &transaction->exchange.request, &transaction->status);
}

void prepare_wipe(struct transaction *transaction)
{
    struct text *bytes = &transaction->exchange.request;
    explicit_bzero((char *)(uintptr_t)bytes->data, bytes->size);
    bytes->size = 0;
}

void prepare_unsign(struct transaction *transaction)
{
    prepare_wipe(transaction);
    transaction_release_credential(transaction);
}

bool prepare_sign_again(struct transaction *transaction)
{
    if (credential_is_current(transaction->pipeline->credential, transaction->credential))
        return true;
    prepare_unsign(transaction);
    return prepare_sign(transaction);
}
