/* SPDX-License-Identifier: MIT */
#include "schema/descriptor_set.h"

#include <stdlib.h>

#include "base/memory.h"
#include "schema/wire.h"

#include "base/banned.h"

/* Field numbers of descriptor.proto. */
enum { SET_FILE = 1, FILE_MESSAGE_TYPE = 4, MESSAGE_NESTED_TYPE = 3 };

/* The depth of types in types that is accepted, because protobuf-c unpacks them recursively. */
#define NESTING 64

static void *take_from_arena(void *arena, size_t bytes)
{
    return memory_expect(arena_alloc(arena, bytes ? bytes : 1));
}

static bool too_large(struct status *status)
{
    return status_fail(status, STATUS_RESOURCE_EXHAUSTED,
                       "the descriptor set needs more than %u MiB of memory",
                       DESCRIPTOR_SET_ROOM >> 20);
}

bool descriptor_set_has_room(const struct arena *arena, struct status *status)
{
    return arena->taken <= DESCRIPTOR_SET_ROOM || too_large(status);
}

/* protobuf-c reads a message of two bytes into hundreds. */
static void *take_while_room(void *arena, size_t bytes)
{
    bool has_room = ((const struct arena *)arena)->taken <= DESCRIPTOR_SET_ROOM;
    return has_room && bytes <= DESCRIPTOR_SET_ROOM ? take_from_arena(arena, bytes) : NULL;
}

static void keep_in_arena(void *arena, void *taken)
{
    (void)arena;
    (void)taken;
}

/* True when all fields are complete and types are nested at most `most` deep. `nested` is the
 * number of the field that holds the outermost types. */
static bool is_framed(struct text bytes, uint32_t nested, unsigned most)
{
    while (bytes.size > 0) {
        struct wire_field field;
        if (!wire_next(&bytes, &field))
            return false;
        if (field.number != nested || field.type != WIRE_BYTES)
            continue;
        if (most == 0 || !is_framed(field.bytes, MESSAGE_NESTED_TYPE, most - 1))
            return false;
    }
    return true;
}

struct text descriptor_set_join(struct arena *arena, struct text scope, struct text name)
{
    if (scope.size == 0)
        return name;
    char *joined = take_from_arena(arena, scope.size + 1 + name.size);
    memcpy(joined, scope.data, scope.size);
    joined[scope.size] = '.';
    memcpy(joined + scope.size + 1, name.data, name.size);
    return (struct text){joined, scope.size + 1 + name.size};
}

struct text descriptor_set_options(const ProtobufCMessage *options, struct arena *arena)
{
    if (!options)
        return (struct text){"", 0};
    uint8_t *bytes = take_from_arena(arena, protobuf_c_message_get_packed_size(options));
    return (struct text){(char *)bytes, protobuf_c_message_pack(options, bytes)};
}

static bool read_file(struct text bytes, struct arena *arena, struct descriptor_set_file *file,
                      struct status *status)
{
    ProtobufCAllocator allocator = {take_while_room, keep_in_arena, arena};
    const file_proto *proto = NULL;
    if (is_framed(bytes, FILE_MESSAGE_TYPE, NESTING))
        proto = google__protobuf__file_descriptor_proto__unpack(&allocator, bytes.size,
                                                                (const uint8_t *)bytes.data);
    if (!descriptor_set_has_room(arena, status))
        return false;
    if (!proto || !proto->name || !text_is_utf8(text_of(proto->name)))
        return status_fail(status, STATUS_INVALID_ARGUMENT,
                           "file %zu of the descriptor set is not a FileDescriptorProto",
                           file->position + 1);
    file->proto = proto;
    file->features = features_of_file(proto, bytes, arena, &file->refusal);
    file->declared_names = declared_names_read(proto, arena);
    file->file.name = text_of(proto->name);
    file->file.bytes = bytes;
    return true;
}

/* Counts the files. False when the bytes are not a FileDescriptorSet, or an empty one. */
static bool count_files(struct text bytes, size_t *count)
{
    *count = 0;
    while (bytes.size > 0) {
        struct wire_field field;
        if (!wire_next(&bytes, &field) || field.number != SET_FILE || field.type != WIRE_BYTES)
            return false;
        *count += 1;
    }
    return *count > 0;
}

static bool read_files(struct text bytes, struct arena *arena, struct descriptor_set *set,
                       struct status *status)
{
    if (!count_files(bytes, &set->file_count))
        return status_fail(status, STATUS_INVALID_ARGUMENT,
                           "the bytes are not a FileDescriptorSet, or an empty one");
    if (set->file_count > DESCRIPTOR_SET_ROOM / sizeof *set->files)
        return too_large(status);
    set->files = take_from_arena(arena, set->file_count * sizeof *set->files);
    for (size_t i = 0; i < set->file_count; i++) {
        struct wire_field field;
        if (!wire_next(&bytes, &field))
            return false;
        set->files[i] = (struct descriptor_set_file){.position = i};
        if (!read_file(field.bytes, arena, &set->files[i], status))
            return false;
    }
    return true;
}

static int compare_files(const void *a, const void *b)
{
    struct descriptor_set_file *const *left = a, *const *right = b;
    return schema_compare_names((*left)->file.name, (*right)->file.name);
}

static bool sort_files(struct descriptor_set *set, struct arena *arena, struct status *status)
{
    struct descriptor_set_file **sorted =
        take_from_arena(arena, set->file_count * sizeof(struct descriptor_set_file *));
    for (size_t i = 0; i < set->file_count; i++)
        sorted[i] = &set->files[i];
    qsort(sorted, set->file_count, sizeof *sorted, compare_files);
    for (size_t i = 1; i < set->file_count; i++)
        if (compare_files(&sorted[i - 1], &sorted[i]) == 0)
            return status_fail(status, STATUS_INVALID_ARGUMENT,
                               "%.*s: the descriptor set has that file twice",
                               text_arguments(sorted[i]->file.name));
    set->files_by_name = sorted;
    return true;
}

/* A file has to follow its imports, as protoc writes them, so that imports have no cycles. */
static bool read_imports(const struct descriptor_set *set, struct descriptor_set_file *file,
                         struct arena *arena, struct status *status)
{
    size_t count = file->proto->n_dependency;
    struct text *imports = take_from_arena(arena, count * sizeof *imports);
    for (size_t i = 0; i < count; i++) {
        imports[i] = text_of(file->proto->dependency[i]);
        const struct descriptor_set_file *import = descriptor_set_file(set, imports[i]);
        if (!import || import->position >= file->position)
            return status_fail(status, STATUS_INVALID_ARGUMENT,
                               "%.*s: its import \"%.*s\" does not come before it in the "
                               "descriptor set; make the set with protoc --include_imports",
                               text_arguments(file->file.name), text_arguments(imports[i]));
    }
    file->file.imports = imports;
    file->file.import_count = count;
    return true;
}

/* The state of collecting the symbols, file by file. */
struct symbol_collector {
    struct descriptor_set *set;
    size_t room;
    struct arena *arena;
    const struct descriptor_set_file *file;
    struct status *status;
};

static void make_room(struct symbol_collector *collector)
{
    struct descriptor_set *set = collector->set;
    if (set->symbol_count < collector->room)
        return;
    collector->room = collector->room ? collector->room * 2 : 256;
    struct symbol *grown = take_from_arena(collector->arena, collector->room * sizeof *grown);
    if (set->symbol_count)
        memcpy(grown, set->symbols, set->symbol_count * sizeof *grown);
    set->symbols = grown;
}

/* Adds a symbol, whose proto the caller sets. Returns NULL and fills the status when its name is
 * not an identifier or no memory is left. */
static struct symbol *add(struct symbol_collector *collector, struct text scope, const char *name,
                          enum symbol_kind kind)
{
    struct text own = text_of(name ? name : "");
    if (!descriptor_set_has_room(collector->arena, collector->status))
        return NULL;
    if (!text_is_identifier(own)) {
        status_set(collector->status, STATUS_INVALID_ARGUMENT, "%.*s: %.*s: \"%s\" is not a name",
                   text_arguments(collector->file->file.name), text_arguments(scope),
                   text_is_utf8(own) ? own.data : "?");
        return NULL;
    }
    make_room(collector);
    struct symbol *symbol = &collector->set->symbols[collector->set->symbol_count++];
    *symbol = (struct symbol){
        .name = descriptor_set_join(collector->arena, scope, own),
        .kind = kind,
        .file = collector->file,
    };
    return symbol;
}

static bool add_parts(struct symbol_collector *collector, struct text scope,
                      field_proto *const *fields, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!add(collector, scope, fields[i]->name, SYMBOL_PART))
            return false;
    return true;
}

/* The names of enum values are siblings of the enum and not members of it. */
static bool add_enums(struct symbol_collector *collector, struct text scope,
                      enum_proto *const *enums, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct symbol *symbol = add(collector, scope, enums[i]->name, SYMBOL_ENUM);
        if (!symbol)
            return false;
        symbol->proto.enumeration = enums[i];
        for (size_t value = 0; value < enums[i]->n_value; value++)
            if (!add(collector, scope, enums[i]->value[value]->name, SYMBOL_PART))
                return false;
    }
    return true;
}

static bool add_services(struct symbol_collector *collector, struct text scope,
                         service_proto *const *services, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct symbol *symbol = add(collector, scope, services[i]->name, SYMBOL_SERVICE);
        if (!symbol)
            return false;
        struct text name = symbol->name;
        symbol->proto.service = services[i];
        for (size_t method = 0; method < services[i]->n_method; method++)
            if (!add(collector, name, services[i]->method[method]->name, SYMBOL_PART))
                return false;
    }
    return true;
}

static bool add_messages(struct symbol_collector *collector, struct text scope,
                         message_proto *const *messages, size_t count);

static bool add_message(struct symbol_collector *collector, struct text scope,
                        message_proto *message)
{
    struct symbol *symbol = add(collector, scope, message->name, SYMBOL_MESSAGE);
    if (!symbol)
        return false;
    struct text name = symbol->name;
    symbol->proto.message = message;
    for (size_t i = 0; i < message->n_oneof_decl; i++)
        if (!add(collector, name, message->oneof_decl[i]->name, SYMBOL_PART))
            return false;
    return add_parts(collector, name, message->field, message->n_field) &&
           add_parts(collector, name, message->extension, message->n_extension) &&
           add_enums(collector, name, message->enum_type, message->n_enum_type) &&
           add_messages(collector, name, message->nested_type, message->n_nested_type);
}

static bool add_messages(struct symbol_collector *collector, struct text scope,
                         message_proto *const *messages, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!add_message(collector, scope, messages[i]))
            return false;
    return true;
}

static bool add_file(struct symbol_collector *collector, const struct descriptor_set_file *file)
{
    const file_proto *proto = file->proto;
    struct text package = text_of(proto->package ? proto->package : "");
    collector->file = file;
    if (!text_is_utf8(package))
        return status_fail(collector->status, STATUS_INVALID_ARGUMENT,
                           "%.*s: its package is not a name", text_arguments(file->file.name));
    return add_messages(collector, package, proto->message_type, proto->n_message_type) &&
           add_enums(collector, package, proto->enum_type, proto->n_enum_type) &&
           add_services(collector, package, proto->service, proto->n_service) &&
           add_parts(collector, package, proto->extension, proto->n_extension);
}

static int compare_symbols(const void *a, const void *b)
{
    const struct symbol *left = a, *right = b;
    return schema_compare_names(left->name, right->name);
}

static bool sort_symbols(const struct descriptor_set *set, struct status *status)
{
    if (set->symbol_count > 0)
        qsort(set->symbols, set->symbol_count, sizeof *set->symbols, compare_symbols);
    for (size_t i = 1; i < set->symbol_count; i++) {
        const struct symbol *symbol = &set->symbols[i];
        if (compare_symbols(symbol - 1, symbol) == 0)
            return status_fail(status, STATUS_INVALID_ARGUMENT, "%.*s: %.*s is defined twice",
                               text_arguments(symbol->file->file.name),
                               text_arguments(symbol->name));
    }
    return true;
}

bool descriptor_set_read(struct text bytes, struct arena *arena, struct descriptor_set *set,
                         struct status *status)
{
    struct descriptor_set read = {0};
    if (!read_files(bytes, arena, &read, status) || !sort_files(&read, arena, status))
        return false;
    struct symbol_collector collector = {.set = &read, .arena = arena, .status = status};
    for (size_t i = 0; i < read.file_count; i++)
        if (!read_imports(&read, &read.files[i], arena, status) ||
            !add_file(&collector, &read.files[i]))
            return false;
    if (!sort_symbols(&read, status))
        return false;
    *set = read;
    return true;
}

const struct descriptor_set_file *descriptor_set_file(const struct descriptor_set *set,
                                                      struct text name)
{
    struct descriptor_set_file wanted = {.file.name = name}, *key = &wanted;
    struct descriptor_set_file *const *found =
        bsearch(&key, set->files_by_name, set->file_count, sizeof(struct descriptor_set_file *),
                compare_files);
    return found ? *found : NULL;
}

struct symbol *descriptor_set_symbol(const struct descriptor_set *set, struct text name)
{
    struct symbol wanted = {.name = name};
    if (set->symbol_count == 0)
        return NULL;
    return bsearch(&wanted, set->symbols, set->symbol_count, sizeof wanted, compare_symbols);
}
