/* SPDX-License-Identifier: MIT */
#include "credential/key_gate.h"

#include "base/banned.h"

void key_gate_init(struct key_gate *gate, bool is_confirmed)
{
    *gate = (struct key_gate){.state = is_confirmed ? KEY_GATE_OPEN : KEY_GATE_UNCONFIRMED};
}

bool key_gate_may_enter(const struct key_gate *gate, int64_t now_ns)
{
    return gate->state != KEY_GATE_DOUBTED || (!gate->is_probed && now_ns >= gate->next_try_ns);
}

enum key_gate_verdict key_gate_enter(struct key_gate *gate, int64_t now_ns)
{
    if (gate->state == KEY_GATE_OPEN)
        return KEY_GATE_PASS;
    if (!key_gate_may_enter(gate, now_ns))
        return KEY_GATE_CLOSED;
    if (gate->is_probed)
        return KEY_GATE_WAIT;
    gate->is_probed = true;
    /* A probe whose response is lost may count upstream as well. */
    gate->next_try_ns = now_ns + KEY_GATE_PROBE_NS;
    return KEY_GATE_PROBE;
}

void key_gate_leave(struct key_gate *gate)
{
    gate->is_probed = false;
}

void key_gate_confirm(struct key_gate *gate)
{
    gate->state = KEY_GATE_OPEN;
}

void key_gate_doubt(struct key_gate *gate, int64_t now_ns, int64_t pause_ns)
{
    gate->state = KEY_GATE_DOUBTED;
    gate->next_try_ns = now_ns + pause_ns;
}
