/* SPDX-License-Identifier: MIT */
#include "upstream/load_state.h"

#include "base/banned.h"

bool load_state_changed(struct load_state *state, bool is_seen, int64_t now_ns)
{
    if (is_seen)
        state->seen_ns = now_ns;
    bool lasts = is_seen || (state->lasts && now_ns - state->seen_ns < LOAD_STATE_HOLD_NS);
    bool changed = lasts != state->lasts;
    state->lasts = lasts;
    return changed;
}
