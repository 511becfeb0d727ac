/* SPDX-License-Identifier: MIT */
#include "credential/canonical_request.h"

#include <stdlib.h>

#include "base/percent.h"

#include "base/banned.h"

/* A parameter of the query, decoded. */
struct parameter {
    struct text name, value;
};

/* Takes the next byte of a percent-encoded text. A percent sign without two digits stands for
 * itself. */
static char take_decoded(struct text *encoded)
{
    char first = encoded->data[0];
    int byte = percent_decode_byte(*encoded);
    *encoded = text_skip(*encoded, byte >= 0 ? 3 : 1);
    return byte >= 0 ? (char)byte : first;
}

static void add_encoded(struct hasher *hasher, char c)
{
    char encoded[3];
    if (percent_is_unreserved(c)) {
        hasher_add_char(hasher, c);
        return;
    }
    percent_encode_byte(c, encoded);
    hasher_add(hasher, (struct text){encoded, sizeof encoded});
}

static bool is_kept_in_paths(char c)
{
    return percent_is_unreserved(c) || c == '/';
}

/* Adds the next byte of the path, decoded and encoded, and returns it decoded. */
static char add_next(struct hasher *hasher, struct text *path)
{
    char c = take_decoded(path);
    if (c == '/')
        hasher_add_char(hasher, c);
    else
        add_encoded(hasher, c);
    return c;
}

/* Takes what needs no decoding in one piece, which is nearly all of a usual path. */
static void add_path(struct hasher *hasher, struct text path)
{
    char last = '\0';
    while (path.size > 0) {
        struct text kept = text_take_while(&path, is_kept_in_paths);
        hasher_add(hasher, kept);
        if (path.size > 0)
            last = add_next(hasher, &path);
        else
            last = kept.data[kept.size - 1];
    }
    if (last != '/')
        hasher_add_char(hasher, '/');
}

/* Decodes to `*at`, which moves on; a text is never longer decoded than encoded. */
static struct text decode(struct text encoded, char **at)
{
    char *start = *at;
    while (encoded.size > 0)
        *(*at)++ = take_decoded(&encoded);
    return (struct text){start, (size_t)(*at - start)};
}

static int compare_texts(struct text a, struct text b)
{
    size_t shorter = a.size < b.size ? a.size : b.size;
    int order = shorter > 0 ? memcmp(a.data, b.data, shorter) : 0;
    return order ? order : (a.size > b.size) - (a.size < b.size);
}

static int compare_parameters(const void *a, const void *b)
{
    const struct parameter *left = a, *right = b;
    int order = compare_texts(left->name, right->name);
    return order ? order : compare_texts(left->value, right->value);
}

/* Decodes the parameters to `parameters` and their bytes to `bytes`, and returns their number. */
static size_t read_parameters(struct text query, struct parameter *parameters, char *bytes)
{
    size_t count = 0;
    struct text part;
    bool more = true;
    while (more) {
        more = text_take_part(&query, '&', &part);
        if (part.size == 0)
            continue;
        struct text name = text_until(part, '=');
        parameters[count].name = decode(name, &bytes);
        parameters[count].value = decode(text_skip(part, name.size + 1), &bytes);
        count++;
    }
    return count;
}

static void add_parameters(struct hasher *hasher, const struct parameter *parameters, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            hasher_add_char(hasher, '&');
        for (size_t j = 0; j < parameters[i].name.size; j++)
            add_encoded(hasher, parameters[i].name.data[j]);
        hasher_add_char(hasher, '=');
        for (size_t j = 0; j < parameters[i].value.size; j++)
            add_encoded(hasher, parameters[i].value.data[j]);
    }
}

static size_t most_parameters(struct text query)
{
    size_t count = 1;
    for (size_t i = 0; i < query.size; i++)
        count += query.data[i] == '&';
    return count;
}

static bool add_query(struct hasher *hasher, struct text query, struct arena *arena,
                      struct status *status)
{
    if (query.size == 0)
        return true;
    char *bytes = arena_alloc(arena, query.size);
    struct parameter *parameters = arena_alloc(arena, most_parameters(query) * sizeof *parameters);
    if (!bytes || !parameters)
        return status_fail(status, STATUS_RESOURCE_EXHAUSTED,
                           "the signature of a query of %zu bytes does not fit the call's memory",
                           query.size);
    size_t count = read_parameters(query, parameters, bytes);
    qsort(parameters, count, sizeof *parameters, compare_parameters);
    add_parameters(hasher, parameters, count);
    return true;
}

void canonical_names(const struct canonical_fields *fields, struct buffer *out)
{
    for (size_t i = 0; i < fields->count; i++) {
        if (i > 0)
            buffer_add_char(out, ';');
        buffer_add_text(out, fields->fields[i].name);
    }
}

static void add_fields(struct hasher *hasher, const struct canonical_fields *fields)
{
    for (size_t i = 0; i < fields->count; i++) {
        hasher_add(hasher, fields->fields[i].name);
        hasher_add_char(hasher, ':');
        hasher_add(hasher, fields->fields[i].value);
        hasher_add_char(hasher, '\n');
    }
    for (size_t i = 0; i < fields->count; i++) {
        hasher_add_char(hasher, i > 0 ? ';' : '\n');
        hasher_add(hasher, fields->fields[i].name);
    }
    hasher_add_char(hasher, '\n');
}

bool canonical_request_hash(const struct http_request *request,
                            const struct canonical_fields *fields, struct arena *arena,
                            struct hasher *hasher, char hex[HASH_HEX_BYTES], struct status *status)
{
    char body_hash[HASH_HEX_BYTES];
    struct text path = text_until(request->target, '?');
    hasher_hash(hasher, request->body, body_hash);
    hasher_begin(hasher);
    hasher_add(hasher, request->method);
    hasher_add_char(hasher, '\n');
    add_path(hasher, path);
    hasher_add_char(hasher, '\n');
    if (!add_query(hasher, text_skip(request->target, path.size + 1), arena, status))
        return false;
    hasher_add_char(hasher, '\n');
    add_fields(hasher, fields);
    hasher_add(hasher, (struct text){body_hash, sizeof body_hash});
    hasher_end(hasher, hex);
    return true;
}
