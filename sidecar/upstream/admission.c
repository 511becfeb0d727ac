/* SPDX-License-Identifier: MIT */
#include "upstream/admission.h"

#include "base/banned.h"

/* Safety margin: the estimated wait is raised by 1/MARGIN, so that an accepted exchange is very
 * likely served. */
#define MARGIN 4

void admission_init(struct admission *admission, size_t first, size_t most)
{
    *admission = (struct admission){0};
    concurrency_limit_init(&admission->limit, first, most);
}

size_t admission_usable(const struct admission *admission)
{
    size_t connections = admission->limit.most - admission->hung;
    return connections < admission->limit.now ? connections : admission->limit.now;
}

size_t admission_room(const struct admission *admission)
{
    size_t usable = admission_usable(admission);
    return usable > admission->running ? usable - admission->running : 0;
}

void admission_began(struct admission *admission, int64_t now_ns)
{
    admission->running++;
    admission->began_ns = now_ns;
    concurrency_limit_began(&admission->limit, now_ns);
}

void admission_lapsed(struct admission *admission, int64_t began_ns, int64_t now_ns)
{
    admission->running--;
    admission->hung++;
    concurrency_limit_lapsed(&admission->limit, began_ns, now_ns);
}

void admission_ended(struct admission *admission, enum exchange_ending ending, bool lapsed,
                     int64_t began_ns, int64_t now_ns)
{
    *(lapsed ? &admission->hung : &admission->running) -= 1;
    if (!concurrency_limit_ended(&admission->limit, ending, lapsed, began_ns, now_ns))
        return;
    (ending == EXCHANGE_RESPONDED ? wait_estimate_learn : wait_estimate_learn_at_least)(
        &admission->estimate, now_ns - began_ns, now_ns);
}

int64_t admission_wait_ns(const struct admission *admission, size_t waiting, size_t usable,
                          int64_t now_ns)
{
    size_t before = waiting + admission->running;
    size_t connections = admission->limit.most - admission->hung;
    size_t reach = admission->limit.reach < connections ? admission->limit.reach : connections;
    int64_t stalled_ns = admission->running < usable ? 0 : now_ns - admission->began_ns;
    return wait_estimate_wait_ns(&admission->estimate, before, usable,
                                 reach > usable ? reach : usable, stalled_ns);
}

bool admission_is_in_time(const struct admission *admission, int64_t wait_ns, int64_t left_ns)
{
    return wait_ns == 0 ||
           wait_ns + wait_ns / MARGIN + wait_estimate_exchange_ns(&admission->estimate) <= left_ns;
}

bool admission_has_time(const struct admission *admission, int64_t left_ns)
{
    return left_ns >= wait_estimate_exchange_ns(&admission->estimate);
}
