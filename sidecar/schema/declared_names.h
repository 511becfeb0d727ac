/* SPDX-License-Identifier: MIT */
/*
 * Which fields have a json_name in their .proto file. protoc writes a json_name for every field
 * into a descriptor set; with --include_source_info it also writes where each of those stood that a
 * person wrote (descriptor.proto, SourceCodeInfo). At start, by one thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"

#include "google/protobuf/descriptor.pb-c.h"

struct declared_names {
    const Google__Protobuf__FieldDescriptorProto **fields; /* sorted by address */
    size_t count;
};

/* Lists the fields of a file; none when the file has no source info. */
struct declared_names declared_names_read(const Google__Protobuf__FileDescriptorProto *file,
                                          struct arena *arena);

/* Returns whether the field is known to have a json_name in its .proto file. */
bool declared_names_has(const struct declared_names *names,
                        const Google__Protobuf__FieldDescriptorProto *field);
