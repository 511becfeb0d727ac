/* SPDX-License-Identifier: MIT */
/*
 * All that the program serves, built once at start from a FileDescriptorSet with google.api.http
 * and buf.validate options. The .proto is the only list of RPCs: a method with an HTTP rule is
 * served, and what could not be honoured ends the start. Read-only once built: any thread.
 */
#pragma once

#include "base/status.h"
#include "base/text.h"
#include "schema/http_rule.h"
#include "schema/message.h"

struct schema_recovery; /* schema/recovery_option.h */

struct schema_method {
    const char *path;    /* "/huaweicloud.apig.v2.ApiGroupService/CreateApiGroup", terminated */
    struct text service; /* "huaweicloud.apig.v2.ApiGroupService" */
    struct text name;    /* "CreateApiGroup" */
    struct text readable_name; /* "create API group": what it does, for messages */
    const struct schema_message *request, *response;
    struct http_rule http_rule;
    bool only_reads;                        /* a GET, or idempotency_level = NO_SIDE_EFFECTS */
    const struct schema_recovery *recovery; /* NULL when the .proto says none */
};

struct schema_file {
    struct text name;           /* "huaweicloud/apig/v2/api_group_service.proto" */
    struct text bytes;          /* its serialized FileDescriptorProto, for reflection */
    const struct text *imports; /* names of the files that it imports */
    size_t import_count;
};

/* A oneof, with its serialized OneofOptions. */
struct schema_oneof {
    struct text name, options;
};

/*
 * A message type with the options of its descriptor, so that another layer can read its extensions
 * of them at start. That layer may write to `message` and to `fields`, which are message->fields.
 */
struct schema_type {
    struct schema_message *message;
    struct schema_field *fields;
    struct text file;                  /* the name of the file that declares it */
    struct text options;               /* serialized MessageOptions; options that are absent are
                                          empty, here and below */
    const struct text *field_options;  /* the FieldOptions of each field */
    const struct schema_oneof *oneofs; /* those of proto3 `optional` fields included */
    size_t oneof_count;
};

struct schema;

/*
 * Builds everything from a serialized FileDescriptorSet, whose bytes must outlive the schema.
 * INVALID_ARGUMENT, naming file, message and field, on bytes that are no set, a missing import, and
 * whatever could not be honoured: an unknown validation rule, a streaming method, a path variable
 * without a field, two methods with the same HTTP method and path template, google.protobuf.Any in
 * a message that a served method reaches, proto2 files that a served method reaches, and a set that
 * serves nothing. A method without an HTTP rule is not served; one with additional_bindings is
 * served by the first.
 */
must_use bool schema_new(struct text descriptor_set, struct schema **schema, struct status *status);
/* The same of a set's proto3 messages and their rules alone: no method is served, and Any is
 * allowed. For tools and tests. */
must_use bool schema_new_types(struct text descriptor_set, struct schema **schema,
                               struct status *status);

void schema_free(struct schema *schema); /* NULL is allowed */

/*
 * The schema of the embedded set, and of `file` (NULL for none), whose services come beside the
 * embedded ones; where both have a file of one name, the mounted one counts. What was read is in
 * the arena, which must outlive the schema. Fails as file_read and schema_new do, naming the file.
 */
must_use bool schema_open(const char *file, struct arena *arena, struct schema **schema,
                          struct status *status);

const struct schema_method *schema_methods(const struct schema *schema, size_t *count);

/* By path, or by "Service/Method", or by the method's name alone when only one service has it; NULL
 * when none or several match. */
const struct schema_method *schema_method_find(const struct schema *schema, struct text name);

/* Names of the services that have a served method, each once. */
const struct text *schema_services(const struct schema *schema, size_t *count);

/* Reflection: the file of that name; the file that defines the symbol (service, method, message,
 * field, enum, its value), fully qualified without a leading dot. NULL when there is none. */
const struct schema_file *schema_file_by_name(const struct schema *schema, struct text name);
const struct schema_file *schema_file_by_symbol(const struct schema *schema, struct text symbol);

/* The message type of that full name; NULL when the set has none that a served method reaches. */
const struct schema_message *schema_message_by_name(const struct schema *schema,
                                                    struct text full_name);

/* All message types that were built, each after the types that it was required by. */
const struct schema_type *schema_types(const struct schema *schema, size_t *count);

/* Memory that lives as long as the schema, for what is attached to its types at start. */
struct arena *schema_arena(struct schema *schema);

/* Lets schema_free call `release` with the schema, before anything is freed. One function can be
 * set. */
void schema_on_free(struct schema *schema, void (*release)(const struct schema *schema));

/* The set that is linked in. */
struct text schema_embedded(void);
