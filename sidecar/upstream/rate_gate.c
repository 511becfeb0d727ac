/* SPDX-License-Identifier: MIT */
#include "upstream/rate_gate.h"

#include "base/clock.h"

#include "base/banned.h"

void rate_gate_init(struct rate_gate *gate, const struct rate_ceiling *ceiling,
                    const struct rate_listener *listener)
{
    pthread_mutex_init(&gate->lock, NULL);
    rate_init(&gate->rate, ceiling);
    gate->listener = listener;
    atomic_init(&gate->limits, rate_limits(&gate->rate));
    atomic_init(&gate->lowered_ns, 0);
    atomic_init(&gate->waiting, 0);
}

void rate_gate_clear(struct rate_gate *gate)
{
    pthread_mutex_destroy(&gate->lock);
}

/* Returns whether the upstream throttles. */
static bool lock(struct rate_gate *gate)
{
    pthread_mutex_lock(&gate->lock);
    return gate->rate.peak_per_ns > 0;
}

/* Reports when that has changed. The stores are relaxed, as rate_gate.h says. */
static void unlock(struct rate_gate *gate, bool throttled)
{
    int64_t now_ns = clock_now_ns(), pause_ns = gate->rate.paused_until_ns - now_ns;
    bool throttles = gate->rate.peak_per_ns > 0;
    double per_s = throttles == throttled ? 0 : rate_per_s(&gate->rate, now_ns + pause_ns);
    atomic_store_explicit(&gate->limits, rate_limits(&gate->rate), memory_order_relaxed);
    if (throttles && (!throttled || pause_ns > 0))
        atomic_store_explicit(&gate->lowered_ns, gate->rate.throttled_ns, memory_order_relaxed);
    pthread_mutex_unlock(&gate->lock);
    if (throttles != throttled && gate->listener->changed)
        gate->listener->changed(throttles, per_s, pause_ns, gate->listener->context);
}

bool rate_gate_take(struct rate_gate *gate)
{
    if (!rate_gate_limits(gate))
        return true;
    bool throttled = lock(gate), taken = rate_take(&gate->rate, clock_now_ns());
    unlock(gate, throttled);
    return taken;
}

void rate_gate_give_back(struct rate_gate *gate)
{
    bool throttled = lock(gate);
    rate_give_back(&gate->rate);
    unlock(gate, throttled);
}

int64_t rate_gate_wait_ns(struct rate_gate *gate, size_t before)
{
    if (!rate_gate_limits(gate))
        return 0;
    bool throttled = lock(gate);
    int64_t wait_ns = rate_wait_ns(&gate->rate, before, clock_now_ns());
    unlock(gate, throttled);
    return wait_ns;
}

double rate_gate_per_s(struct rate_gate *gate)
{
    bool throttled = lock(gate);
    int64_t now_ns = clock_now_ns();
    rate_pass(&gate->rate, now_ns);
    double per_s = rate_per_s(&gate->rate, now_ns);
    unlock(gate, throttled);
    return per_s;
}

void rate_gate_throttled(struct rate_gate *gate, const struct rate_throttle *throttle,
                         double accepted_per_s, int64_t sent_ns)
{
    bool throttled = lock(gate);
    rate_throttled(&gate->rate, throttle, accepted_per_s, sent_ns, clock_now_ns());
    unlock(gate, throttled);
}

void rate_gate_accepted(struct rate_gate *gate, double accepted_per_s)
{
    bool throttled = lock(gate);
    rate_accepted(&gate->rate, accepted_per_s);
    unlock(gate, throttled);
}
