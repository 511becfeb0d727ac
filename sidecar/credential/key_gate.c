/* SPDX-License-Identifier: MIT */
#include "credential/key_gate.h"

#include "base/banned.h"

void key_gate_init(struct key_gate *gate, bool is_confirmed)
{
    *gate = (struct key_gate){.state = is_confirmed ? KEY_GATE_OPEN : KEY_GATE_UNCONFIRMED};
}

bool key_gate_may_enter(const struct key_gate *gate, int64_t now_ns)
{
    return gate->state != KEY_GATE_DOUBTED || (gate->probes == 0 && now_ns >= gate->next_try_ns);
}

int64_t key_gate_wait_ends_ns(const struct key_gate *gate)
{
    if (gate->state != KEY_GATE_UNCONFIRMED || gate->probes == 0)
        return INT64_MIN;
    return gate->probes < KEY_GATE_MOST_PROBES ? gate->last_probe_ns + KEY_GATE_PATIENCE_NS
                                               : INT64_MAX;
}

enum key_gate_verdict key_gate_enter(struct key_gate *gate, int64_t now_ns)
{
    if (gate->state == KEY_GATE_OPEN)
        return KEY_GATE_PASS;
    if (!key_gate_may_enter(gate, now_ns))
        return KEY_GATE_CLOSED;
    if (now_ns < key_gate_wait_ends_ns(gate))
        return KEY_GATE_WAIT;
    gate->probes++;
    gate->last_probe_ns = now_ns;
    /* A probe whose response is lost may count upstream as well. */
    gate->next_try_ns = now_ns + KEY_GATE_PROBE_NS;
    return KEY_GATE_PROBE;
}

void key_gate_leave(struct key_gate *gate)
{
    gate->probes--;
}

void key_gate_confirm(struct key_gate *gate)
{
    gate->state = KEY_GATE_OPEN;
}

void key_gate_doubt(struct key_gate *gate, int64_t now_ns, int64_t pause_ns)
{
    int64_t share_ns = KEY_GATE_PROBE_NS * (1 + (int64_t)gate->probes),
            next_ns = now_ns + (share_ns > pause_ns ? share_ns : pause_ns);
    bool is_known = gate->state == KEY_GATE_DOUBTED && gate->next_try_ns > next_ns;
    gate->state = KEY_GATE_DOUBTED;
    if (!is_known)
        gate->next_try_ns = next_ns;
}
