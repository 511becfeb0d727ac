/* SPDX-License-Identifier: MIT */
/*
 * How many requests may go out with an access key: the vendor locks a key for everybody after more
 * than five failures in a row, for five minutes. A key that no response has confirmed lets one
 * request out at a time, and a few more while those hang; one that was refused lets one out as a
 * probe from time to time. Pure; its owner locks.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"

/* At most four probes in the five minutes of a lock. */
#define KEY_GATE_PROBE_NS (90 * CLOCK_NS_PER_S)

/* After this time without a response one more request may go out, up to KEY_GATE_MOST_PROBES,
 * because a gateway refuses a key at once, and a late response comes from the service behind it. */
#define KEY_GATE_PATIENCE_NS CLOCK_NS_PER_S
#define KEY_GATE_MOST_PROBES 3

/* How long a key that is locked is left alone. */
#define KEY_GATE_LOCK_NS (300 * CLOCK_NS_PER_S)

enum key_gate_state {
    KEY_GATE_OPEN,        /* a response has confirmed the key */
    KEY_GATE_UNCONFIRMED, /* not yet used with success */
    KEY_GATE_DOUBTED,     /* refused */
};

struct key_gate {
    enum key_gate_state state;
    unsigned probes;       /* requests that are out as probes */
    int64_t last_probe_ns; /* of clock_now_ns: when the last one went out */
    int64_t next_try_ns;   /* when a doubted key may be tried */
};

enum key_gate_verdict {
    KEY_GATE_PASS,
    KEY_GATE_PROBE, /* passes as a probe; key_gate_leave follows */
    KEY_GATE_WAIT,  /* probes are out, whose end may open the gate */
    KEY_GATE_CLOSED,
};

void key_gate_init(struct key_gate *gate, bool is_confirmed);

/* Asks to let one request out. */
enum key_gate_verdict key_gate_enter(struct key_gate *gate, int64_t now_ns);

/* True when key_gate_enter would not be KEY_GATE_CLOSED. */
bool key_gate_may_enter(const struct key_gate *gate, int64_t now_ns);

/* Returns the time at which key_gate_enter no longer returns KEY_GATE_WAIT although no probe has
 * ended: INT64_MIN when it does not return it now, INT64_MAX when only the end of a probe changes
 * that. */
int64_t key_gate_wait_ends_ns(const struct key_gate *gate);

/* The probe has ended. One of the next two follows when its response shows whether the key is
 * accepted. */
void key_gate_leave(struct key_gate *gate);

/* A response has accepted, or refused, the key. It is left alone for `pause_ns`, and longer when
 * several probes may have been refused. */
void key_gate_confirm(struct key_gate *gate);
void key_gate_doubt(struct key_gate *gate, int64_t now_ns, int64_t pause_ns);
