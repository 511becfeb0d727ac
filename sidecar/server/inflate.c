/* SPDX-License-Identifier: MIT */
#include "server/inflate.h"

#include "base/inflate.h"

#include "base/banned.h"

bool inflate_message(struct text packed, size_t most, struct arena *arena, struct text *plain,
                     struct status *status)
{
    if (inflate_text(packed, most, arena, plain, status))
        return true;
    const char *limit = status->code == STATUS_RESOURCE_EXHAUSTED ? " (--max-message)" : "";
    struct status inner = *status;
    return status_fail(status, inner.code, "the compressed request message %s%s", inner.message,
                       limit);
}
