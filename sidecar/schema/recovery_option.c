/* SPDX-License-Identifier: MIT */
#include "schema/recovery_option.h"

#include "base/memory.h"
#include "schema/wire.h"

#include "base/banned.h"

/* Field numbers of proto/apig_sidecar/recovery.proto. */
enum { METHOD = 1, SET = 2, LIST = 3, TOTAL = 4, MATCH = 5, CREATED = 6, ELEMENT = 7, FIELDS = 8 };

/* The state of resolving an option. */
struct recovery_option {
    const struct schema_method *method;
    struct text names[FIELDS]; /* of methods and fields, by number */
    struct text bytes;         /* the whole option */
    struct arena *arena;
    struct status *status;
};

enum kind { KIND_STRING, KIND_INTEGER, KIND_LIST };

static const char *const kind_names[] = {
    [KIND_STRING] = "singular string",
    [KIND_INTEGER] = "singular 32-bit or 64-bit integer",
    [KIND_LIST] = "repeated message",
};

static bool is_of_kind(const struct schema_field *field, enum kind kind)
{
    bool singular = field->shape == FIELD_SINGULAR || field->shape == FIELD_OPTIONAL;
    switch (kind) {
    case KIND_STRING:
        return singular && field->type == FIELD_STRING;
    case KIND_INTEGER:
        return singular && (field->type == FIELD_INT32 || field->type == FIELD_INT64);
    case KIND_LIST:
        return field->shape == FIELD_REPEATED && field->type == FIELD_MESSAGE;
    }
    return false;
}

static bool find_field(const struct recovery_option *option, const struct schema_message *message,
                       struct text name, enum kind kind, const struct schema_field **field)
{
    const struct schema_field *found = schema_field_by_name(message, name);
    if (!found || !is_of_kind(found, kind))
        return status_fail(
            option->status, STATUS_INVALID_ARGUMENT, "recovery: %.*s has no %s field \"%.*s\"",
            text_arguments(message->full_name), kind_names[kind], text_arguments(name));
    *field = found;
    return true;
}

/* The path of the look-up without the first slash. */
static struct text lookup_path(const struct recovery_option *option)
{
    struct buffer path;
    struct text name = option->names[METHOD], service = option->method->service;
    if (text_contains(name, '/'))
        return name;
    buffer_init(&path, option->arena, service.size + 1 + name.size);
    buffer_add_text(&path, service);
    buffer_add_char(&path, '/');
    buffer_add_text(&path, name);
    return buffer_text(&path);
}

static bool find_lookup(const struct recovery_option *option, const struct methods *methods,
                        const struct schema_method **lookup)
{
    const struct candidate *other = methods_declared(methods, lookup_path(option));
    bool can_be_sent = other && other->method.http_rule.method.size > 0;
    if (!can_be_sent || &other->method == option->method)
        return status_fail(option->status, STATUS_INVALID_ARGUMENT,
                           "recovery: there is no other method \"%.*s\" that can be served",
                           text_arguments(option->names[METHOD]));
    *lookup = &other->method;
    return true;
}

static bool malformed(const struct recovery_option *option)
{
    return status_fail(option->status, STATUS_INVALID_ARGUMENT,
                       "recovery: the option cannot be read");
}

static bool read_names(struct recovery_option *option)
{
    struct text rest = option->bytes;
    struct wire_field field;
    while (rest.size > 0) {
        if (!wire_next(&rest, &field) || field.type != WIRE_BYTES || field.number >= FIELDS)
            return malformed(option);
        option->names[field.number] = field.bytes;
    }
    return true;
}

/* Reads one entry of the map: field 1 is its key, field 2 its value. */
static bool read_constant(const struct recovery_option *option, struct text entry,
                          const struct schema_message *request, struct recovery_constant *constant)
{
    struct text parts[3] = {{NULL, 0}, {"", 0}, {"", 0}};
    struct wire_field field;
    while (entry.size > 0) {
        if (!wire_next(&entry, &field) || field.type != WIRE_BYTES || field.number > 2)
            return malformed(option);
        parts[field.number] = field.bytes;
    }
    constant->value = parts[2];
    return find_field(option, request, parts[1], KIND_STRING, &constant->field);
}

/* The framing of the option is good, because read_names has read it. */
static bool read_constants(const struct recovery_option *option, struct schema_recovery *recovery)
{
    struct text rest = option->bytes;
    struct wire_field field;
    size_t most = option->bytes.size / 2 + 1; /* an entry has at least its tag and length */
    recovery->constants =
        memory_expect(arena_zalloc(option->arena, most * sizeof *recovery->constants));
    while (rest.size > 0 && wire_next(&rest, &field)) {
        if (field.number != SET)
            continue;
        if (!read_constant(option, field.bytes, recovery->lookup->request,
                           &recovery->constants[recovery->constant_count]))
            return false;
        recovery->constant_count++;
    }
    return true;
}

static bool is_alike(const struct schema_field *a, const struct schema_field *b)
{
    bool singular = a->shape <= FIELD_OPTIONAL && b->shape <= FIELD_OPTIONAL;
    return singular && a->type == b->type && a->type != FIELD_MESSAGE &&
           a->enumeration == b->enumeration;
}

static void find_copies(const struct recovery_option *option, struct schema_recovery *recovery)
{
    const struct schema_message *request = option->method->request;
    recovery->copies = memory_expect(
        arena_zalloc(option->arena, (request->field_count + 1) * sizeof *recovery->copies));
    for (size_t i = 0; i < request->field_count; i++) {
        const struct schema_field *from = &request->fields[i];
        const struct schema_field *to = schema_field_by_name(recovery->lookup->request, from->name);
        if (to && is_alike(from, to))
            recovery->copies[recovery->copy_count++] = (struct recovery_copy){from, to};
    }
}

static bool check_method(const struct recovery_option *option)
{
    if (option->method->idempotency == NOT_IDEMPOTENT)
        return true;
    return status_fail(option->status, STATUS_INVALID_ARGUMENT,
                       "recovery: the method has an idempotency_level or is a GET, so that it is "
                       "sent again instead of looked up");
}

static bool find_optional(const struct recovery_option *option,
                          const struct schema_message *message, struct text name, enum kind kind,
                          const struct schema_field **field)
{
    return name.size == 0 || find_field(option, message, name, kind, field);
}

static bool check_element(const struct recovery_option *option,
                          const struct schema_recovery *recovery)
{
    if (option->names[CREATED].size == 0 || recovery->list->message == option->method->response)
        return true;
    return status_fail(option->status, STATUS_INVALID_ARGUMENT,
                       "recovery: \"%.*s\" lists %.*s, but the response is %.*s",
                       text_arguments(recovery->list->name),
                       text_arguments(recovery->list->message->full_name),
                       text_arguments(option->method->response->full_name));
}

bool recovery_option_parse(const struct methods *methods, const struct schema_method *method,
                           struct text bytes, struct arena *arena,
                           const struct schema_recovery **recovery, struct status *status)
{
    struct recovery_option option = {
        .method = method, .bytes = bytes, .arena = arena, .status = status};
    struct schema_recovery *made = memory_expect(arena_zalloc(arena, sizeof *made));
    const struct text *names = option.names;
    if (!check_method(&option) || !read_names(&option) ||
        !find_lookup(&option, methods, &made->lookup) ||
        !find_field(&option, made->lookup->response, names[LIST], KIND_LIST, &made->list) ||
        !find_optional(&option, made->lookup->response, names[TOTAL], KIND_INTEGER, &made->total) ||
        !find_field(&option, method->request, names[MATCH], KIND_STRING, &made->wanted) ||
        !check_element(&option, made) ||
        !find_field(&option, made->list->message,
                    names[ELEMENT].size > 0 ? names[ELEMENT] : names[MATCH], KIND_STRING,
                    &made->match) ||
        !find_optional(&option, made->list->message, names[CREATED], KIND_STRING, &made->created) ||
        !read_constants(&option, made))
        return false;
    find_copies(&option, made);
    *recovery = made;
    return true;
}
