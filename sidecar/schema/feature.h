/* SPDX-License-Identifier: MIT */
/*
 * How a file wants its fields and enums to be read: the features of its edition (protobuf.dev,
 * "Feature Settings for Editions"), to which proto2 and proto3 are equal to certain values. Only
 * files, fields and enums can set those that matter here: utf8_validation does not, because JSON is
 * UTF-8 in any case, and json_format does not, because names in JSON are always unique. Used at
 * start, by one thread.
 */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/text.h"

#include "google/protobuf/descriptor.pb-c.h"

/* The numbers of the enums of google.protobuf.FeatureSet. */
enum { PRESENCE_EXPLICIT = 1, PRESENCE_IMPLICIT = 2, PRESENCE_LEGACY_REQUIRED = 3 };
enum { ENUM_OPEN = 1, ENUM_CLOSED = 2 };
enum { REPEATED_PACKED = 1, REPEATED_EXPANDED = 2 };
enum { MESSAGE_LENGTH_PREFIXED = 1, MESSAGE_DELIMITED = 2 };

struct features {
    uint8_t presence, enum_type, repeated, message;
    bool is_edition;   /* of a file that can set features */
    bool is_malformed; /* some of them cannot be read */
};

/* Returns the features of a file, whose bytes are `bytes`. `refusal` becomes the kind of the file
 * when its messages cannot be served, "a proto2 file", and NULL otherwise. */
struct features features_of_file(const Google__Protobuf__FileDescriptorProto *file,
                                 struct text bytes, struct arena *arena, const char **refusal);

/* Returns the features of a field or an enum of a file with `features`; its options may be NULL. */
struct features features_of_field(struct features features,
                                  const Google__Protobuf__FieldOptions *options,
                                  struct arena *arena);
struct features features_of_enum(struct features features,
                                 const Google__Protobuf__EnumOptions *options, struct arena *arena);
