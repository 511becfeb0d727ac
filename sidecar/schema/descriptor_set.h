/* SPDX-License-Identifier: MIT */
/*
 * The files of a FileDescriptorSet and the symbols that they define. All of it lives in an arena,
 * whose memory is bounded step by step, and views the bytes of the set. Read-only
 * once read, but for symbol.built: any thread.
 */
#pragma once

#include "base/arena.h"
#include "base/status.h"
#include "base/text.h"
#include "schema/declared_names.h"
#include "schema/feature.h"
#include "schema/schema.h"

#include "google/protobuf/descriptor.pb-c.h"

typedef Google__Protobuf__FileDescriptorProto file_proto;
typedef Google__Protobuf__DescriptorProto message_proto;
typedef Google__Protobuf__FieldDescriptorProto field_proto;
typedef Google__Protobuf__EnumDescriptorProto enum_proto;
typedef Google__Protobuf__OneofDescriptorProto oneof_proto;
typedef Google__Protobuf__ServiceDescriptorProto service_proto;
typedef Google__Protobuf__MethodDescriptorProto method_proto;

struct descriptor_set_file {
    struct schema_file file;
    const file_proto *proto;
    size_t position; /* in the set */
    struct features features;
    struct declared_names declared_names;
    const char *refusal; /* of features_of_file */
};

enum symbol_kind {
    SYMBOL_MESSAGE,
    SYMBOL_ENUM,
    SYMBOL_SERVICE,
    SYMBOL_PART, /* a field, oneof, enum value, method or extension, of which only the file is
                    needed */
};

struct symbol {
    struct text name; /* full, without a leading dot */
    enum symbol_kind kind;
    const struct descriptor_set_file *file;
    union {
        const message_proto *message;
        const enum_proto *enumeration;
        const service_proto *service;
    } proto;
    void *built; /* the type that schema/type.c made of it; NULL before */
};

struct descriptor_set {
    struct descriptor_set_file *files; /* as in the set */
    size_t file_count;
    struct descriptor_set_file **files_by_name;
    struct symbol *symbols; /* sorted by name */
    size_t symbol_count;
};

/* Reads a set. INVALID_ARGUMENT, naming the file, on bytes that are not a set, a name that is not
 * an identifier or is defined twice, and an import that does not come before its importer.
 * RESOURCE_EXHAUSTED when it needs more than DESCRIPTOR_SET_ROOM. */
must_use bool descriptor_set_read(struct text bytes, struct arena *arena,
                                  struct descriptor_set *set, struct status *status);

/* The memory of an arena for a set, in which each step that reads or builds a part of the set has
 * to begin; and the limit of the arena, within which every step ends that has begun so. The largest
 * sets that are known, of 1 MiB, take 20 MiB. */
#define DESCRIPTOR_SET_ROOM (128U << 20)
#define DESCRIPTOR_SET_LIMIT (4 * DESCRIPTOR_SET_ROOM)

/* RESOURCE_EXHAUSTED when the arena has taken more. */
must_use bool descriptor_set_has_room(const struct arena *arena, struct status *status);

/* Find a file and a symbol by name; NULL when the set does not have it. */
const struct descriptor_set_file *descriptor_set_file(const struct descriptor_set *set,
                                                      struct text name);
struct symbol *descriptor_set_symbol(const struct descriptor_set *set, struct text name);

/* Returns "scope.name", or `name` when the scope is empty. */
struct text descriptor_set_join(struct arena *arena, struct text scope, struct text name);

/* Returns the serialized form of an options message, from which its extensions can be read; empty
 * for NULL. */
struct text descriptor_set_options(const ProtobufCMessage *options, struct arena *arena);
