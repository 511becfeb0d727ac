/* SPDX-License-Identifier: MIT */
#include "pipeline/failure_trailers.h"

#include "base/retry_wait.h"
#include "pipeline/failure.h"

#include "base/banned.h"

static struct text pushback_of(int64_t retry_ms, struct arena *arena)
{
    if (retry_ms == DETAILS_NEVER_RETRY)
        return text_literal("-1");
    char *digits = retry_ms > 0 ? arena_alloc(arena, DECIMAL_BYTES) : NULL;
    return (struct text){digits, digits ? text_from_u64(digits, (uint64_t)retry_ms) : 0};
}

static void encode(const struct details *details, struct status *status, struct arena *arena,
                   struct call_trailers *trailers)
{
    struct details sent = *details;
    sent.retry_ms = retry_spread_ms(details->retry_ms);
    trailers->details = details_encode(&sent, status, arena);
    trailers->pushback = pushback_of(sent.retry_ms, arena);
}

/* The trailers have memory of their own, because a response may fill that of the call. */
void failure_send(struct call *call, const struct details *details, struct status *status)
{
    struct arena arena;
    struct call_trailers trailers;
    arena_init(&arena, CALL_TRAILERS_BYTES);
    encode(details, status, &arena, &trailers);
    call_send_trailers(call, &trailers);
    arena_clear(&arena);
}
