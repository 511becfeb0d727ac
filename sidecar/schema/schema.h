/* SPDX-License-Identifier: MIT */
/*
 * The methods that the program serves and their types, built once at start from a
 * FileDescriptorSet. The .proto is the only list of RPCs: each method with a google.api.http option
 * is served, unless one of its options cannot be honoured. First schema_open reads the types, then
 * other layers attach to them what they read from the options (constraint/attach.h, rest/fill.h) or
 * refuse them, and schema_serve selects the methods. Read-only from then on: any thread.
 */
#pragma once

#include "base/status.h"
#include "base/text.h"
#include "base/text_list.h"
#include "schema/http_rule.h"
#include "schema/json_style.h"
#include "schema/message.h"

struct schema_recovery; /* schema/recovery_option.h */

/* The meaning of sending a request twice: the numbers of MethodOptions.IdempotencyLevel, of which a
 * .proto states one (RFC 9110 section 9.2). */
enum idempotency {
    NOT_IDEMPOTENT = 0,  /* not stated: it may be carried out twice */
    NO_SIDE_EFFECTS = 1, /* it only reads; also each GET */
    IDEMPOTENT = 2,      /* the effect is that of sending it once */
};

struct schema_method {
    const char *path;          /* "/shop.v1.Orders/GetOrder", terminated */
    struct text service;       /* "shop.v1.Orders" */
    struct text name;          /* "GetOrder" */
    struct text readable_name; /* "get order", for messages */
    struct text error_domain;  /* of ErrorInfo when the upstream refused a call: that of the file or
                                  of the service; empty: the upstream's host */
    const struct schema_message *request, *response;
    struct http_rule http_rule;
    struct json_style json_style; /* of its requests: that of the file that declares it */
    enum idempotency idempotency;
    bool removes;                           /* a DELETE: after it the resource does not exist */
    const struct schema_recovery *recovery; /* NULL without the option */
};

struct schema_file {
    struct text name;           /* "shop/v1/orders.proto" */
    struct text bytes;          /* its serialized FileDescriptorProto, for reflection */
    const struct text *imports; /* names of the files that it imports */
    size_t import_count;
};

enum unserved_cause {
    UNSERVED_UNFIT,        /* something that it needs cannot be honoured */
    UNSERVED_WITHOUT_RULE, /* it has no google.api.http option */
    UNSERVED_NOT_SELECTED, /* none of the patterns given to schema_serve matches it */
};

/* A method of the set that is not served. */
struct schema_unserved {
    const char *path;   /* as of a schema_method */
    const char *reason; /* for people; names file, message and field where they are the cause */
    enum unserved_cause cause;
};

/* A oneof, with its serialized OneofOptions. The one that protoc makes for an `optional` field of
 * proto3 has no member. */
struct schema_oneof {
    struct text name, options;
    const struct schema_field **members;
    size_t member_count;
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
    bool is_request; /* of a method */
    bool is_part;    /* it is the type of a field */
};

struct schema;

/*
 * Reads the files and types of a serialized FileDescriptorSet, whose bytes must outlive the schema.
 * Methods of its first `optional_files` files need not all be servable. INVALID_ARGUMENT, naming
 * the file, on bytes that are not a set, a missing import, and a name that is defined twice;
 * RESOURCE_EXHAUSTED when the set needs too much memory.
 */
must_use bool schema_read(struct text descriptor_set, size_t optional_files, struct schema **schema,
                          struct status *status);

/*
 * Opens the embedded set or, when `file` is not NULL, the set of the file joined with the embedded
 * one; of two files with one name the mounted one has precedence. The methods of the mounted files
 * are optional. The content of the file is in the arena, which must outlive the schema. Fails as
 * file_read and schema_read, naming the file.
 */
must_use bool schema_open(const char *file, struct arena *arena, struct schema **schema,
                          struct status *status);

/*
 * Selects the methods to serve, once, after schema_read or schema_open: those that one of the
 * patterns matches, "pkg.Service/Method" or an asterisk for all methods of the service, and without
 * patterns all that can be served. A method cannot be served when
 *   - it is streaming, or its idempotency_level is not known,
 *   - a message that it can hold is google.protobuf.Any, of a proto2 file or refused,
 *   - its HTTP rule cannot be read or names a field that is missing,
 *   - the apig_sidecar.json of its file cannot be read, or the error_domain is not a domain,
 *   - its look-up names a method that cannot be served or a field that is missing, or it needs none
 *     because it can be sent again (schema/recovery_option.h), or
 *   - another one that is served has the same HTTP method and path template: one that is not
 *     optional, or else the one that is declared first.
 * INVALID_ARGUMENT, naming what is at fault, when a method that a pattern matches, or one with an
 * HTTP rule that is not optional, cannot be served; when a pattern matches none; and when none is
 * served. In a schema of schema_new_types: when a type was refused.
 */
must_use bool schema_serve(struct schema *schema, const struct text_list *patterns,
                           struct status *status);

/* schema_read and schema_serve in one call: all methods with an HTTP rule. */
must_use bool schema_new(struct text descriptor_set, struct schema **schema, struct status *status);

/* Builds only the proto3 messages of a set, without methods; google.protobuf.Any is allowed. Fails
 * as schema_read, and when a message contradicts itself. */
must_use bool schema_new_types(struct text descriptor_set, struct schema **schema,
                               struct status *status);

/* RESOURCE_EXHAUSTED when the set and all that is attached to it take too much memory. To be asked
 * before each step that attaches something; schema_serve fails then. */
must_use bool schema_has_room(const struct schema *schema, struct status *status);

/* Makes each method that needs this type one that cannot be served; before schema_serve. The status
 * says why, with file, message and field. */
void schema_refuse(struct schema *schema, const struct schema_type *type,
                   const struct status *status);

void schema_free(
    struct schema *schema); /* Frees a schema and all that was attached to it. NULL is allowed. */

const struct schema_method *schema_methods(const struct schema *schema, size_t *count);

/* Finds a method by its path, by "Service/Method", or by its name if only one service has it; NULL
 * when none or several match. */
const struct schema_method *schema_method_find(const struct schema *schema, struct text name);

/* Returns the methods that are not served, as declared. */
const struct schema_unserved *schema_unserved(const struct schema *schema, size_t *count);

/* Returns why the method of that path is not served; NULL when it is, and when the set does not
 * have it. */
const char *schema_unserved_reason(const struct schema *schema, struct text path);

/* Returns the names of the services with a served method, each once. */
const struct text *schema_services(const struct schema *schema, size_t *count);

/* For reflection: finds a file by its name, and the file that defines a symbol (service, method,
 * message, field, enum, enum value), fully qualified without a leading dot. NULL when the set does
 * not have it. */
const struct schema_file *schema_file_by_name(const struct schema *schema, struct text name);
const struct schema_file *schema_file_by_symbol(const struct schema *schema, struct text symbol);

/* Returns the message types that can be served, as far as this is known when the set is read. */
const struct schema_type *schema_types(const struct schema *schema, size_t *count);

/* Returns the memory of the schema, for data that is attached to its types at start. */
struct arena *schema_arena(struct schema *schema);

/* Makes schema_free call `release` first, with the schema. A schema has one such function. */
void schema_on_free(struct schema *schema, void (*release)(const struct schema *schema));

/* Returns the set that is linked into the program. */
struct text schema_embedded(void);
