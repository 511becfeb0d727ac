/* SPDX-License-Identifier: MIT */
/* Unsuccessful responses, read as faults with one secret in the list of secrets. Include cmocka.h
 * first. */
#pragma once

#include "rest/fault.h"

/* Initializes the arena, which the caller clears after its last use of the fault. */
static inline struct fault read_fault(struct arena *arena, unsigned status, const char *body,
                                      const struct http_field *fields, size_t field_count)
{
    struct http_response response = {
        .status = status, .fields = fields, .field_count = field_count, .body = text_of(body)};
    struct fault fault;
    arena_init(arena, 1 << 20);
    struct secret_list *secrets = secret_list_new();
    struct secret *secret = secret_new(secrets, text_literal("SECRETTOKEN-OF-32-BYTES-ALTOGETHER"));
    fault_read(&response, secrets, arena, arena, &fault);
    secret_wipe(secret);
    secret_list_release(secrets);
    return fault;
}
