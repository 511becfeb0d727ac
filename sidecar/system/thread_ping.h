/* SPDX-License-Identifier: MIT */
/* Whether a thread still turns: one thread asks and another answers when it comes round to it. Who
 * asks owns the pulse, and asks again only once it was answered. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>

#include "base/compiler.h"
#include "system/task_queue.h"

struct pulse {
    atomic_bool is_owed;
};

static inline void pulse_response(struct pulse *pulse)
{
    atomic_store_explicit(&pulse->is_owed, false, memory_order_release);
}

/* How a thread with an inbox is asked; part of what belongs to that thread. */
struct pulse_letter {
    struct inbox_letter letter;
    struct pulse *pulse;
};

static inline void pulse_open(struct inbox_letter *letter)
{
    pulse_response(container_of(letter, struct pulse_letter, letter)->pulse);
}

static inline void pulse_post(struct pulse_letter *asked, struct inbox *inbox, struct pulse *pulse)
{
    asked->letter.run = pulse_open;
    asked->pulse = pulse;
    inbox_post(inbox, &asked->letter);
}
