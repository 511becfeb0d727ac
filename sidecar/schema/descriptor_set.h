/* SPDX-License-Identifier: MIT */
/*
 * A FileDescriptorSet taken apart: its files and everything that they name. All of it lives in an
 * arena without a limit, since the set is the operator's, and views the set's bytes. Read-only once
 * read, but for symbol.built: any thread.
 */
#pragma once

#include "base/arena.h"
#include "base/status.h"
#include "base/text.h"
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
};

enum symbol_kind {
    SYMBOL_MESSAGE,
    SYMBOL_ENUM,
    SYMBOL_SERVICE,
    SYMBOL_PART, /* a field, oneof, value, method or extension: only its file is of interest */
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
    void *built; /* what schema/type.c made of it, NULL before */
};

struct descriptor_set {
    struct descriptor_set_file *files; /* as in the set */
    size_t file_count;
    struct descriptor_set_file **files_by_name;
    struct symbol *symbols; /* sorted by name */
    size_t symbol_count;
};

/* Reads a set. INVALID_ARGUMENT, naming the file, on bytes that are no set, a name that is none or
 * comes twice, and an import that does not come before its importer. */
must_use bool descriptor_set_read(struct text bytes, struct arena *arena,
                                  struct descriptor_set *set, struct status *status);

/* NULL when there is none. */
const struct descriptor_set_file *descriptor_set_file(const struct descriptor_set *set,
                                                      struct text name);
struct symbol *descriptor_set_symbol(const struct descriptor_set *set, struct text name);

/* "scope.name", or the name alone in an empty scope. */
struct text descriptor_set_join(struct arena *arena, struct text scope, struct text name);

/* The serialized form of an options message, for what lies in its extensions; empty for NULL. */
struct text descriptor_set_options(const ProtobufCMessage *options, struct arena *arena);
