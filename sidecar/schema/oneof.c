/* SPDX-License-Identifier: MIT */
#include "schema/oneof.h"

#include "base/memory.h"

#include "base/banned.h"

/* Returns the oneof of a field; NULL when it is a member of none. */
static struct schema_oneof *oneof_of(struct schema_oneof *oneofs, const field_proto *proto,
                                     const struct schema_field *field)
{
    return field->shape == FIELD_ONEOF ? &oneofs[proto->oneof_index] : NULL;
}

/* Gives each oneof the part of `members` that its members need. */
static void divide(struct schema_oneof *oneofs, size_t count, const struct schema_field **members)
{
    for (size_t i = 0; i < count; i++) {
        oneofs[i].members = members;
        members += oneofs[i].member_count;
        oneofs[i].member_count = 0;
    }
}

static void list_members(const message_proto *message, const struct schema_field *fields,
                         struct schema_oneof *oneofs, struct arena *arena)
{
    struct schema_oneof *oneof;
    const struct schema_field **members =
        memory_expect(arena_zalloc(arena, message->n_field * sizeof *members));
    for (size_t i = 0; i < message->n_field; i++)
        if ((oneof = oneof_of(oneofs, message->field[i], &fields[i])))
            oneof->member_count++;
    divide(oneofs, message->n_oneof_decl, members);
    for (size_t i = 0; i < message->n_field; i++)
        if ((oneof = oneof_of(oneofs, message->field[i], &fields[i])))
            oneof->members[oneof->member_count++] = &fields[i];
}

const struct schema_oneof *oneofs_list(const message_proto *message,
                                       const struct schema_field *fields, struct arena *arena)
{
    struct schema_oneof *oneofs =
        memory_expect(arena_zalloc(arena, message->n_oneof_decl * sizeof *oneofs));
    for (size_t i = 0; i < message->n_oneof_decl; i++) {
        const oneof_proto *proto = message->oneof_decl[i];
        oneofs[i].name = text_of(proto->name);
        oneofs[i].options =
            descriptor_set_options(proto->options ? &proto->options->base : NULL, arena);
    }
    list_members(message, fields, oneofs, arena);
    return oneofs;
}
