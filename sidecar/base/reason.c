/* SPDX-License-Identifier: MIT */
#include "base/reason.h"

#include "base/banned.h"

const char *const reason_names[REASON_COUNT + 1] = {
#define REASON(name, meaning) [REASON_##name] = #name,
    REASONS(REASON)
#undef REASON
        [REASON_COUNT] = "_OTHER",
};
