/* SPDX-License-Identifier: MIT */
#include "schema/spread.h"

#include "base/memory.h"

#include "base/banned.h"

struct schema_holder {
    struct schema_message *message;
    const struct schema_holder *next;
};

void spread_add_holder(struct schema_message *held, struct schema_message *holder,
                       struct arena *arena)
{
    struct schema_holder *added = memory_expect(arena_alloc(arena, sizeof *added));
    *added = (struct schema_holder){holder, held->holders};
    held->holders = added;
}

void spread_add(struct spread *spread, struct schema_message *message)
{
    message->next_reached = spread->first;
    spread->first = message;
}

void spread_run(struct spread *spread)
{
    for (struct schema_message *held; (held = spread->first);) {
        spread->first = held->next_reached;
        for (const struct schema_holder *holder = held->holders; holder; holder = holder->next)
            if (spread->reach(holder->message, held))
                spread_add(spread, holder->message);
    }
}
