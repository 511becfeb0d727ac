/* SPDX-License-Identifier: MIT */
#include "schema/type.h"

#include "base/ascii.h"
#include "base/memory.h"
#include "schema/layout.h"
#include "schema/option.h"
#include "schema/well_known.h"

#include "base/banned.h"

/* The largest field number (protobuf.dev, "Assigning Field Numbers"). */
#define NUMBER_MAX 536870911

/* proto/apig_sidecar/filled_by.proto */
#define FILLED_BY_EXTENSION 50172

struct type {
    struct schema_message message;
    struct schema_field *fields; /* message.fields, writable */
    ProtobufCMessageDescriptor descriptor;
    const struct symbol *symbol;
    struct type *next;
};

void types_init(struct types *types, const struct descriptor_set *set, struct arena *arena,
                bool any_allowed)
{
    *types = (struct types){.set = set, .arena = arena, .any_allowed = any_allowed};
    types->end = &types->first;
}

static void *zeroed(const struct types *types, size_t bytes)
{
    return memory_expect(arena_zalloc(types->arena, bytes ? bytes : 1));
}

/* Finds the symbol that a descriptor refers to. */
static struct symbol *resolve(const struct types *types, const char *type_name,
                              enum symbol_kind kind, struct status *status)
{
    struct symbol *symbol = NULL;
    if (type_name && type_name[0] == '.')
        symbol = descriptor_set_symbol(types->set, text_of(type_name + 1));
    if (symbol && symbol->kind == kind)
        return symbol;
    status_set(status, STATUS_INVALID_ARGUMENT,
               "the descriptor set does not define its type \"%s\"", type_name ? type_name : "");
    return NULL;
}

static struct type *create(struct types *types, struct symbol *symbol)
{
    struct type *type = zeroed(types, sizeof *type);
    type->symbol = symbol;
    type->message.full_name = symbol->name;
    type->message.descriptor = &type->descriptor;
    type->message.well_known = well_known_of(symbol->name);
    symbol->built = type;
    *types->end = type;
    types->end = &type->next;
    types->count++;
    return type;
}

static bool is_proto3(const struct symbol *symbol)
{
    const char *syntax = symbol->file->proto->syntax;
    return syntax && strcmp(syntax, "proto3") == 0;
}

bool types_require(struct types *types, const char *type_name,
                   const struct schema_message **message, struct status *status)
{
    struct symbol *symbol = resolve(types, type_name, SYMBOL_MESSAGE, status);
    if (!symbol)
        return false;
    if (!is_proto3(symbol))
        return status_fail(status, STATUS_INVALID_ARGUMENT,
                           "%.*s is not of a proto3 file; only those can be served",
                           text_arguments(symbol->name));
    struct type *type = symbol->built ? symbol->built : create(types, symbol);
    if (type->message.well_known == WELL_KNOWN_ANY && !types->any_allowed)
        return status_fail(status, STATUS_INVALID_ARGUMENT,
                           "google.protobuf.Any cannot be served: its JSON depends on types that "
                           "are not known here");
    *message = &type->message;
    return true;
}

void types_require_all(struct types *types)
{
    for (size_t i = 0; i < types->set->symbol_count; i++) {
        struct symbol *symbol = &types->set->symbols[i];
        if (symbol->kind == SYMBOL_MESSAGE && is_proto3(symbol) && !symbol->built)
            create(types, symbol);
    }
}

static const struct schema_enum *build_enum(const struct types *types, const struct symbol *symbol)
{
    const enum_proto *proto = symbol->proto.enumeration;
    struct schema_enum *built = zeroed(types, sizeof *built);
    struct schema_enum_value *values = zeroed(types, proto->n_value * sizeof *values);
    for (size_t i = 0; i < proto->n_value; i++)
        values[i] =
            (struct schema_enum_value){text_of(proto->value[i]->name), proto->value[i]->number};
    *built = (struct schema_enum){
        .full_name = symbol->name,
        .values = values,
        .value_count = proto->n_value,
        .is_null_value = text_equal(symbol->name, text_literal("google.protobuf.NullValue")),
    };
    return built;
}

static bool require_enum(const struct types *types, const char *type_name,
                         const struct schema_enum **enumeration, struct status *status)
{
    struct symbol *symbol = resolve(types, type_name, SYMBOL_ENUM, status);
    if (!symbol)
        return false;
    if (!symbol->built)
        symbol->built = (void *)(uintptr_t)build_enum(types, symbol);
    *enumeration = symbol->built;
    return true;
}

/* Converts "order_id" to "orderId", for sets that do not set json_name. */
static struct text camel_case(const struct types *types, struct text name)
{
    char *camel = zeroed(types, name.size + 1);
    size_t bytes = 0;
    for (size_t i = 0; i < name.size; i++) {
        char c = name.data[i];
        if (c == '_')
            continue;
        bool starts = i > 0 && name.data[i - 1] == '_';
        camel[bytes++] = starts ? ascii_to_upper(c) : c;
    }
    return (struct text){camel, bytes};
}

static bool is_packable(enum field_type type)
{
    return type != FIELD_STRING && type != FIELD_BYTES && type != FIELD_MESSAGE;
}

static bool is_map_entry(const struct types *types, const field_proto *proto)
{
    if (proto->type != GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_MESSAGE)
        return false;
    const struct symbol *symbol = descriptor_set_symbol(types->set, text_of(proto->type_name + 1));
    return symbol->proto.message->options && symbol->proto.message->options->map_entry;
}

static enum field_shape shape_of(const struct types *types, const field_proto *proto)
{
    if (proto->label == GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__LABEL__LABEL_REPEATED)
        return is_map_entry(types, proto) ? FIELD_MAP : FIELD_REPEATED;
    if (proto->has_oneof_index && !proto->proto3_optional)
        return FIELD_ONEOF;
    bool message = proto->type == GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_MESSAGE;
    return proto->proto3_optional && !message ? FIELD_OPTIONAL : FIELD_SINGULAR;
}

/* Checks for values that no proto3 file has, and that the code below could not handle. */
static bool check_field(const message_proto *message, const field_proto *proto,
                        struct status *status)
{
    int type = (int)proto->type;
    if (proto->number < 1 || proto->number > NUMBER_MAX)
        return status_fail(status, STATUS_INVALID_ARGUMENT, "%d is not a field number",
                           proto->number);
    if (type < FIELD_DOUBLE || type > FIELD_SINT64 ||
        proto->type == GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_GROUP)
        return status_fail(status, STATUS_INVALID_ARGUMENT, "%d is not a type of proto3", type);
    if (proto->label == GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__LABEL__LABEL_REQUIRED)
        return status_fail(status, STATUS_INVALID_ARGUMENT, "proto3 has no required fields");
    if (proto->has_oneof_index &&
        (proto->oneof_index < 0 || (size_t)proto->oneof_index >= message->n_oneof_decl))
        return status_fail(status, STATUS_INVALID_ARGUMENT, "its message has no oneof %d",
                           proto->oneof_index);
    return true;
}

static bool read_filled_by(const struct types *types, const field_proto *proto,
                           struct schema_field *field, struct status *status)
{
    struct text options =
        descriptor_set_options(proto->options ? &proto->options->base : NULL, types->arena);
    if (!option_find_text(options, FILLED_BY_EXTENSION, &field->filled_by))
        return true;
    if (field->type == FIELD_STRING && field->shape <= FIELD_OPTIONAL && field->filled_by.size > 0)
        return true;
    return status_fail(status, STATUS_INVALID_ARGUMENT,
                       "filled_by is for singular string fields and names an option");
}

static bool build_field(struct types *types, const message_proto *message, const field_proto *proto,
                        struct schema_field *field, struct status *status)
{
    if (!check_field(message, proto, status))
        return false;
    struct text name = text_of(proto->name);
    *field = (struct schema_field){
        .name = name,
        .json_name = proto->json_name ? text_of(proto->json_name) : camel_case(types, name),
        .number = (uint32_t)proto->number,
        .type = (enum field_type)proto->type,
    };
    if (field->type == FIELD_MESSAGE &&
        !types_require(types, proto->type_name, &field->message, status))
        return false;
    if (field->type == FIELD_ENUM &&
        !require_enum(types, proto->type_name, &field->enumeration, status))
        return false;
    field->shape = shape_of(types, proto);
    field->packed = field->shape == FIELD_REPEATED && is_packable(field->type) &&
                    (!proto->options || !proto->options->has_packed || proto->options->packed);
    if (field->shape == FIELD_ONEOF)
        field->oneof = text_of(message->oneof_decl[proto->oneof_index]->name);
    return read_filled_by(types, proto, field, status);
}

static bool fail_in(const struct type *type, const char *name, struct status *status)
{
    return status_wrap(status, "%.*s: %.*s.%s", text_arguments(type->symbol->file->file.name),
                       text_arguments(type->message.full_name), name);
}

static bool build_fields(struct types *types, struct type *type, struct status *status)
{
    const message_proto *proto = type->symbol->proto.message;
    struct layout_oneof *oneofs = zeroed(types, proto->n_oneof_decl * sizeof *oneofs);
    type->fields = zeroed(types, proto->n_field * sizeof *type->fields);
    type->message.size = LAYOUT_START;
    for (size_t i = 0; i < proto->n_field; i++) {
        struct schema_field *field = &type->fields[i];
        if (!build_field(types, proto, proto->field[i], field, status))
            return fail_in(type, proto->field[i]->name, status);
        bool in_oneof = field->shape == FIELD_ONEOF;
        layout_place(field, in_oneof ? &oneofs[proto->field[i]->oneof_index] : NULL,
                     &type->message.size);
    }
    type->message.fields = type->fields;
    type->message.field_count = proto->n_field;
    layout_finish(&type->message, &type->descriptor, types->arena);
    return true;
}

/* The names of fields differ, because they are symbols. */
static bool check_unique(const struct type *type, struct status *status)
{
    const struct schema_message *message = &type->message;
    for (size_t i = 1; i < message->field_count; i++) {
        const struct schema_field *number = message->by_number[i];
        const struct schema_field *json = message->by_json_name[i];
        const char *shared = NULL;
        if (message->by_number[i - 1]->number == number->number)
            shared = "number";
        else if (text_equal(message->by_json_name[i - 1]->json_name, json->json_name))
            shared = "JSON name";
        if (shared)
            return status_fail(status, STATUS_INVALID_ARGUMENT,
                               "%.*s: %.*s: two of its fields have the same %s",
                               text_arguments(type->symbol->file->file.name),
                               text_arguments(message->full_name), shared);
    }
    return true;
}

static bool is_map_key(const struct schema_field *field)
{
    return field->shape == FIELD_SINGULAR && field->type != FIELD_MESSAGE &&
           field->type != FIELD_BYTES && field->type != FIELD_ENUM && field->type != FIELD_FLOAT &&
           field->type != FIELD_DOUBLE;
}

/* Checks the fields of types on which other code relies. */
static bool check_form(const struct type *type, struct status *status)
{
    const struct schema_message *message = &type->message;
    const message_proto *proto = type->symbol->proto.message;
    bool entry = proto->options && proto->options->map_entry;
    bool fits = well_known_fits(message);
    if (entry)
        fits = message->field_count == 2 && message->by_number[0]->number == 1 &&
               message->by_number[1]->number == 2 && is_map_key(message->by_number[0]) &&
               message->by_number[1]->shape == FIELD_SINGULAR;
    if (!fits)
        return status_fail(
            status, STATUS_INVALID_ARGUMENT, "%.*s: %.*s does not have the fields that a %s has",
            text_arguments(type->symbol->file->file.name), text_arguments(message->full_name),
            entry ? "map's entry" : "well-known type of that name");
    return true;
}

static struct text options_of(const struct types *types, const void *options)
{
    return descriptor_set_options(options, types->arena);
}

static const struct schema_oneof *list_oneofs(const struct types *types, const message_proto *proto)
{
    struct schema_oneof *oneofs = zeroed(types, proto->n_oneof_decl * sizeof *oneofs);
    for (size_t i = 0; i < proto->n_oneof_decl; i++)
        oneofs[i] = (struct schema_oneof){text_of(proto->oneof_decl[i]->name),
                                          options_of(types, proto->oneof_decl[i]->options)};
    return oneofs;
}

static const struct text *list_field_options(const struct types *types, const message_proto *proto)
{
    struct text *options = zeroed(types, proto->n_field * sizeof *options);
    for (size_t i = 0; i < proto->n_field; i++)
        options[i] = options_of(types, proto->field[i]->options);
    return options;
}

static void list_types(struct types *types)
{
    struct schema_type *list = zeroed(types, types->count * sizeof *list), *next = list;
    for (struct type *type = types->first; type; type = type->next) {
        const message_proto *proto = type->symbol->proto.message;
        *next++ = (struct schema_type){
            .message = &type->message,
            .fields = type->fields,
            .file = type->symbol->file->file.name,
            .options = options_of(types, proto->options),
            .field_options = list_field_options(types, proto),
            .oneofs = list_oneofs(types, proto),
            .oneof_count = proto->n_oneof_decl,
        };
    }
    types->list = list;
}

bool types_build(struct types *types, struct status *status)
{
    for (struct type *type = types->first; type; type = type->next)
        if (!build_fields(types, type, status) || !check_unique(type, status) ||
            !check_form(type, status))
            return false;
    list_types(types);
    return true;
}

const struct schema_message *types_find(const struct types *types, struct text full_name)
{
    const struct symbol *symbol = descriptor_set_symbol(types->set, full_name);
    if (!symbol || symbol->kind != SYMBOL_MESSAGE || !symbol->built)
        return NULL;
    const struct type *type = symbol->built;
    return &type->message;
}
