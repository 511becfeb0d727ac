/* SPDX-License-Identifier: MIT */
#include "schema/type.h"

#include "base/memory.h"
#include "schema/field_names.h"
#include "schema/layout.h"
#include "schema/oneof.h"
#include "schema/option.h"
#include "schema/query_fit.h"
#include "schema/type_check.h"
#include "schema/well_known.h"

#include "base/banned.h"

/* proto/apig_sidecar/filled_by.proto */
#define FILLED_BY_EXTENSION 50172

struct type {
    struct schema_message message;
    struct schema_field *fields; /* message.fields, writable */
    const struct symbol *symbol;
    const char *refusal; /* NULL: the type can be served */
    bool is_request;
    struct type *next;
};

static struct type *type_of(const struct schema_message *message)
{
    return container_of((struct schema_message *)(uintptr_t)message, struct type, message);
}

static bool refuse(struct schema_message *message, const char *refusal)
{
    struct type *type = type_of(message);
    if (type->refusal)
        return false;
    type->refusal = refusal;
    return true;
}

static bool refuse_holder(struct schema_message *holder, const struct schema_message *held)
{
    return refuse(holder, type_of(held)->refusal);
}

void types_init(struct types *types, const struct descriptor_set *set, struct arena *arena,
                bool any_allowed)
{
    *types = (struct types){.set = set, .arena = arena, .any_allowed = any_allowed};
    types->end = &types->first;
    types->refused.reach = refuse_holder;
}

static void *zeroed(const struct types *types, size_t bytes)
{
    return memory_expect(arena_zalloc(types->arena, bytes));
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
    type->message.well_known = well_known_of(symbol->name);
    symbol->built = type;
    *types->end = type;
    types->end = &type->next;
    types->count++;
    return type;
}

bool types_require(struct types *types, const char *type_name,
                   const struct schema_message **message, struct status *status)
{
    struct symbol *symbol = resolve(types, type_name, SYMBOL_MESSAGE, status);
    if (!symbol)
        return false;
    if (symbol->file->refusal)
        return status_fail(status, STATUS_INVALID_ARGUMENT,
                           "%.*s is of %s; only those of proto3 files and of the editions 2023 and "
                           "2024 can be served",
                           text_arguments(symbol->name), symbol->file->refusal);
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
        if (symbol->kind == SYMBOL_MESSAGE && !symbol->file->refusal && !symbol->built)
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

static bool check_enum(const struct types *types, const struct symbol *symbol,
                       struct status *status)
{
    struct features features =
        features_of_enum(symbol->file->features, symbol->proto.enumeration->options, types->arena);
    if (features.is_malformed)
        return status_fail(status, STATUS_INVALID_ARGUMENT, "the features of %.*s cannot be read",
                           text_arguments(symbol->name));
    if (features.enum_type == ENUM_OPEN)
        return true;
    return status_fail(status, STATUS_INVALID_ARGUMENT,
                       "%.*s is a closed enum, which cannot be served",
                       text_arguments(symbol->name));
}

/* Each enum is checked once, because its options are copied for that. */
static bool require_enum(const struct types *types, const char *type_name,
                         const struct schema_enum **enumeration, struct status *status)
{
    struct symbol *symbol = resolve(types, type_name, SYMBOL_ENUM, status);
    if (!symbol)
        return false;
    if (!symbol->built && !check_enum(types, symbol, status))
        return false;
    if (!symbol->built)
        symbol->built = (void *)(uintptr_t)build_enum(types, symbol);
    *enumeration = symbol->built;
    return true;
}

static bool is_map_entry(const message_proto *message)
{
    return message->options && message->options->map_entry;
}

/* True when the type of a field is the entry of a map. */
static bool is_map(const struct types *types, const field_proto *proto)
{
    struct status missing;
    if (proto->type != GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_MESSAGE)
        return false;
    const struct symbol *symbol = resolve(types, proto->type_name, SYMBOL_MESSAGE, &missing);
    return symbol && is_map_entry(symbol->proto.message);
}

/* Maps and what their entries hold are never delimited, whatever their file says. */
static struct features read_features(const struct types *types, const struct symbol *symbol,
                                     const field_proto *proto)
{
    struct features features =
        features_of_field(symbol->file->features, proto->options, types->arena);
    if (is_map_entry(symbol->proto.message) || is_map(types, proto))
        features.message = MESSAGE_LENGTH_PREFIXED;
    return features;
}

static bool is_packable(enum field_type type)
{
    return type != FIELD_STRING && type != FIELD_BYTES && type != FIELD_MESSAGE;
}

/* A message has presence in either shape, and the key and value of a map are always there. */
static enum field_shape shape_of(const struct types *types, const message_proto *message,
                                 const field_proto *proto, const struct features *features)
{
    if (proto->label == GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__LABEL__LABEL_REPEATED)
        return is_map(types, proto) ? FIELD_MAP : FIELD_REPEATED;
    if (proto->has_oneof_index && !proto->proto3_optional)
        return FIELD_ONEOF;
    if (proto->type == GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_MESSAGE ||
        is_map_entry(message))
        return FIELD_SINGULAR;
    bool is_explicit = proto->proto3_optional || features->presence != PRESENCE_IMPLICIT;
    return is_explicit ? FIELD_OPTIONAL : FIELD_SINGULAR;
}

static bool is_packed(const field_proto *proto, const struct features *features)
{
    bool is_set = proto->options && proto->options->has_packed;
    return is_set ? proto->options->packed : features->repeated == REPEATED_PACKED;
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

static bool build_field(struct types *types, const struct symbol *symbol, const field_proto *proto,
                        struct schema_field *field, struct status *status)
{
    const message_proto *message = symbol->proto.message;
    const struct features features = read_features(types, symbol, proto);
    if (!type_check_field(message, proto, &features, status))
        return false;
    *field = (struct schema_field){
        .name = text_of(proto->name),
        .number = (uint32_t)proto->number,
        .type = (enum field_type)proto->type,
    };
    if (field->type == FIELD_MESSAGE &&
        !types_require(types, proto->type_name, &field->message, status))
        return false;
    if (field->type == FIELD_ENUM &&
        !require_enum(types, proto->type_name, &field->enumeration, status))
        return false;
    field->shape = shape_of(types, message, proto, &features);
    field->packed =
        field->shape == FIELD_REPEATED && is_packable(field->type) && is_packed(proto, &features);
    if (field->shape == FIELD_ONEOF)
        field->oneof = text_of(message->oneof_decl[proto->oneof_index]->name);
    bool is_declared = declared_names_has(&symbol->file->declared_names, proto);
    return field_names_set(field, proto->json_name, is_declared, types->arena, status) &&
           read_filled_by(types, proto, field, status);
}

static bool build_fields(struct types *types, struct type *type, struct status *status)
{
    const message_proto *proto = type->symbol->proto.message;
    struct layout_oneof *oneofs = zeroed(types, proto->n_oneof_decl * sizeof *oneofs);
    type->fields = zeroed(types, proto->n_field * sizeof *type->fields);
    type->message.size = LAYOUT_START;
    for (size_t i = 0; i < proto->n_field; i++) {
        struct schema_field *field = &type->fields[i];
        if (!build_field(types, type->symbol, proto->field[i], field, status))
            return status_wrap(status, "%.*s.%s", text_arguments(type->message.full_name),
                               proto->field[i]->name);
        if (field->message)
            spread_add_holder(&type_of(field->message)->message, &type->message, types->arena);
        bool in_oneof = field->shape == FIELD_ONEOF;
        layout_place(field, in_oneof ? &oneofs[proto->field[i]->oneof_index] : NULL,
                     &type->message.size);
    }
    type->message.fields = type->fields;
    type->message.field_count = proto->n_field;
    layout_finish(&type->message, types->arena);
    return true;
}

static bool build_type(struct types *types, struct type *type, struct status *status)
{
    if (!build_fields(types, type, status))
        return false;
    return (field_names_index(&type->message, types->arena, status) &&
            type_check_message(&type->message, type->symbol->proto.message, status)) ||
           status_wrap(status, "%.*s", text_arguments(type->message.full_name));
}

static struct text options_of(const struct types *types, const void *options)
{
    return descriptor_set_options(options, types->arena);
}

static const struct text *list_field_options(const struct types *types, const message_proto *proto)
{
    struct text *options = zeroed(types, proto->n_field * sizeof *options);
    for (size_t i = 0; i < proto->n_field; i++)
        options[i] = options_of(types, proto->field[i]->options);
    return options;
}

static struct schema_type describe(const struct types *types, const struct type *type)
{
    const message_proto *proto = type->symbol->proto.message;
    return (struct schema_type){
        .message = (struct schema_message *)(uintptr_t)&type->message,
        .fields = type->fields,
        .file = type->symbol->file->file.name,
        .options = options_of(types, proto->options),
        .field_options = list_field_options(types, proto),
        .oneofs = oneofs_list(proto, type->fields, types->arena),
        .oneof_count = proto->n_oneof_decl,
        .is_request = type->is_request,
        .is_part = type->message.holders,
    };
}

static void list_types(struct types *types)
{
    struct schema_type *list = zeroed(types, types->count * sizeof *list);
    size_t count = 0;
    for (struct type *type = types->first; type; type = type->next)
        if (!type->refusal)
            list[count++] = describe(types, type);
    types->list = list;
    types->list_count = count;
}

void types_refuse(struct types *types, const struct schema_message *message,
                  const struct status *status)
{
    const char *reason = arena_copy(types->arena, status->message, strlen(status->message));
    struct type *type = type_of(message);
    if (refuse(&type->message, reason ? reason : "no memory is left to say why"))
        spread_add(&types->refused, &type->message);
}

void types_spread(struct types *types)
{
    spread_run(&types->refused);
}

const char *types_refusal(const struct schema_message *message)
{
    return type_of(message)->refusal;
}

void types_mark_request(const struct schema_message *message)
{
    type_of(message)->is_request = true;
}

static void build_or_refuse(struct types *types, struct type *type)
{
    struct status status;
    if (build_type(types, type, &status))
        return;
    status_prepend(&status, "%.*s", text_arguments(type->symbol->file->file.name));
    types_refuse(types, &type->message, &status);
}

bool types_build(struct types *types, struct status *status)
{
    for (struct type *type = types->first; type; type = type->next) {
        if (!descriptor_set_has_room(types->arena, status))
            return false;
        build_or_refuse(types, type);
    }
    types_spread(types);
    list_types(types);
    query_fit_note(types->list, types->list_count);
    return true;
}

bool types_check(const struct types *types, struct status *status)
{
    for (const struct type *type = types->first; type; type = type->next)
        if (type->refusal)
            return status_fail(status, STATUS_INVALID_ARGUMENT, "%s", type->refusal);
    return true;
}
