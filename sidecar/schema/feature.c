/* SPDX-License-Identifier: MIT */
#include "schema/feature.h"

#include "schema/option.h"
#include "schema/wire.h"

#include "base/banned.h"

/* Field numbers of descriptor.proto; those of `features` are in the options of that name. */
enum { FILE_EDITION = 14 };
enum { FILE_FEATURES = 50, FIELD_FEATURES = 21, ENUM_FEATURES = 7 };
enum { SET_PRESENCE = 1, SET_ENUM_TYPE = 2, SET_REPEATED = 3, SET_MESSAGE = 5 };

/* The numbers of google.protobuf.Edition. */
enum { EDITION_2023 = 1000, EDITION_2024 = 1001 };

static const struct features of_proto2 = {.presence = PRESENCE_EXPLICIT,
                                          .enum_type = ENUM_CLOSED,
                                          .repeated = REPEATED_EXPANDED,
                                          .message = MESSAGE_LENGTH_PREFIXED};
static const struct features of_proto3 = {.presence = PRESENCE_IMPLICIT,
                                          .enum_type = ENUM_OPEN,
                                          .repeated = REPEATED_PACKED,
                                          .message = MESSAGE_LENGTH_PREFIXED};
/* Edition 2024 differs in what protoc accepts only. */
static const struct features of_2023 = {.presence = PRESENCE_EXPLICIT,
                                        .enum_type = ENUM_OPEN,
                                        .repeated = REPEATED_PACKED,
                                        .message = MESSAGE_LENGTH_PREFIXED,
                                        .is_edition = true};

static void set(struct features *features, const struct wire_field *field)
{
    uint8_t value = field->value < UINT8_MAX ? (uint8_t)field->value : UINT8_MAX;
    switch (field->type == WIRE_VARINT ? field->number : 0) {
    case SET_PRESENCE:
        features->presence = value;
        break;
    case SET_ENUM_TYPE:
        features->enum_type = value;
        break;
    case SET_REPEATED:
        features->repeated = value;
        break;
    case SET_MESSAGE:
        features->message = value;
        break;
    default:
        break;
    }
}

/* Overrides features with those that options have in the field of that number. The descriptor.proto
 * that this program is built with may be older than editions, so that the bytes are read. */
static struct features override(struct features features, const ProtobufCMessage *options,
                                uint32_t number, struct arena *arena)
{
    struct text set_bytes;
    struct wire_field field;
    if (!features.is_edition || !options ||
        !option_find_message(descriptor_set_options(options, arena), number, arena, &set_bytes))
        return features;
    while (set_bytes.size > 0 && !features.is_malformed)
        if (wire_next(&set_bytes, &field))
            set(&features, &field);
        else
            features.is_malformed = true;
    return features;
}

static uint64_t edition_of(struct text file)
{
    struct wire_field field;
    uint64_t edition = 0;
    while (file.size > 0 && wire_next(&file, &field))
        if (field.number == FILE_EDITION && field.type == WIRE_VARINT)
            edition = field.value;
    return edition;
}

struct features features_of_file(const Google__Protobuf__FileDescriptorProto *file,
                                 struct text bytes, struct arena *arena, const char **refusal)
{
    struct text syntax = text_of(file->syntax ? file->syntax : "proto2");
    uint64_t edition = edition_of(bytes);
    *refusal = NULL;
    if (text_equal(syntax, text_literal("proto3")))
        return of_proto3;
    if (text_equal(syntax, text_literal("proto2"))) {
        *refusal = "a proto2 file";
        return of_proto2;
    }
    struct features features =
        override(of_2023, file->options ? &file->options->base : NULL, FILE_FEATURES, arena);
    if (edition != EDITION_2023 && edition != EDITION_2024)
        *refusal = "a file of an edition after 2024";
    else if (features.is_malformed)
        *refusal = "a file whose features cannot be read";
    return features;
}

struct features features_of_field(struct features features,
                                  const Google__Protobuf__FieldOptions *options,
                                  struct arena *arena)
{
    return override(features, options ? &options->base : NULL, FIELD_FEATURES, arena);
}

struct features features_of_enum(struct features features,
                                 const Google__Protobuf__EnumOptions *options, struct arena *arena)
{
    return override(features, options ? &options->base : NULL, ENUM_FEATURES, arena);
}
