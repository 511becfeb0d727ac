/* SPDX-License-Identifier: MIT */
#include "credential/answer.h"

#include <stddef.h>

#include "base/ascii.h"
#include "base/clock.h"
#include "credential/key_values.h"
#include "json/forms.h"
#include "json/json.h"

#include "base/banned.h"

/* The texts of a response, by the names of its members. */
struct found {
    struct text access, secret, security, expires, project;
    bool is_twice;
    size_t projects;
};

struct member {
    const char *path;
    size_t at; /* of its text in struct found */
};

#define member(path, name)                                                                         \
    {                                                                                              \
        (path), offsetof(struct found, name)                                                       \
    }

/* The old and the new IAM, the metadata service and the pod identity agent, in this order. */
static const struct member key_members[] = {
    member("credential.access", access),
    member("credential.secret", secret),
    member("credential.securitytoken", security),
    member("credential.expires_at", expires),
    member("credentials.access_key_id", access),
    member("credentials.secret_access_key", secret),
    member("credentials.security_token", security),
    member("credentials.expiration", expires),
    member("credentials.accessKeyId", access),
    member("credentials.secretAccessKey", secret),
    member("credentials.securityToken", security),
};

static const struct member token_members[] = {
    member("token.expires_at", expires),
    member("token.project.id", project),
};

static const struct member node_members[] = {
    member("project_id", project),
};

#undef member

struct search {
    const struct member *members;
    size_t count;
    struct found found;
};

static bool take_member(struct text path, struct text value, bool is_string, void *context)
{
    struct search *search = context;
    for (size_t i = 0; i < search->count; i++) {
        if (!is_string || !text_equal(path, text_of(search->members[i].path)))
            continue;
        struct text *found = (struct text *)((char *)&search->found + search->members[i].at);
        search->found.is_twice |= found->size > 0;
        *found = value;
    }
    return true;
}

/* "projects[0].id" */
static bool take_project(struct text path, struct text value, bool is_string, void *context)
{
    struct search *search = context;
    struct text rest = path;
    if (!is_string || !text_take_prefix(&rest, text_literal("projects[")))
        return true;
    (void)text_take_while(&rest, ascii_is_digit);
    if (!text_equal(rest, text_literal("].id")))
        return true;
    if (search->found.projects++ == 0)
        search->found.project = value;
    return true;
}

static bool fail(struct status *status, const char *why)
{
    return status_fail(status, STATUS_UNAVAILABLE, "the response %s", why);
}

/* The reader's own reason may repeat a part of the text. */
static bool search(const struct http_response *response, struct arena *arena,
                   bool (*take)(struct text path, struct text value, bool is_string, void *context),
                   struct search *found, struct status *status)
{
    static const struct json_limits limits = {.depth = 16, .names = 256};
    struct status ignored;
    if (!json_visit(json_without_mark(response->body), &limits, arena, take, found, &ignored))
        return fail(status, "is not readable JSON");
    return !found->found.is_twice || fail(status, "has a member twice");
}

static bool read_end(struct text text, int64_t *expires_ns, struct status *status)
{
    int64_t seconds;
    int32_t nanos;
    if (text.size == 0)
        return fail(status, "does not say when the credential ends");
    if (!json_form_timestamp(text, &seconds, &nanos) || seconds <= 0 ||
        seconds >= INT64_MAX / CLOCK_NS_PER_S)
        return fail(status, "has an end of the credential that is not a time");
    *expires_ns = seconds * CLOCK_NS_PER_S + nanos;
    return true;
}

static bool is_plain(struct text text, size_t most)
{
    return text.size > 0 && text.size <= most && text_consists_of(text, ascii_is_visible);
}

bool answer_read_key(const struct http_response *response, struct arena *arena,
                     struct issued *issued, struct status *status)
{
    struct search key = {.members = key_members, .count = array_length(key_members)};
    struct issued read = {.kind = ISSUED_KEY};
    if (!search(response, arena, take_member, &key, status))
        return false;
    if (!is_plain(key.found.access, KEY_BYTES) || !is_plain(key.found.secret, KEY_BYTES))
        return fail(status, "has no access key");
    if (!is_plain(key.found.security, CREDENTIAL_BYTES))
        return fail(status, "has no security token");
    if (!read_end(key.found.expires, &read.expires_ns, status))
        return false;
    read.access = key.found.access;
    read.secret = key.found.secret;
    read.security = key.found.security;
    *issued = read;
    return true;
}

static struct text project_of(struct text text)
{
    return is_plain(text, ISSUED_PROJECT_BYTES) ? text : (struct text){NULL, 0};
}

bool answer_read_token(const struct http_response *response, struct arena *arena,
                       struct issued *issued, struct status *status)
{
    struct search token = {.members = token_members, .count = array_length(token_members)};
    struct issued read = {.kind = ISSUED_TOKEN,
                          .token = http_response_field(response, text_literal("X-Subject-Token"))};
    if (!is_plain(read.token, CREDENTIAL_BYTES))
        return fail(status, "has no token in X-Subject-Token");
    if (!search(response, arena, take_member, &token, status) ||
        !read_end(token.found.expires, &read.expires_ns, status))
        return false;
    read.project = project_of(token.found.project);
    *issued = read;
    return true;
}

bool answer_read_node(const struct http_response *response, struct arena *arena,
                      struct text *project, struct status *status)
{
    struct search node = {.members = node_members, .count = array_length(node_members)};
    if (!search(response, arena, take_member, &node, status))
        return false;
    *project = project_of(node.found.project);
    return true;
}

bool answer_read_projects(const struct http_response *response, struct arena *arena, size_t *count,
                          struct text *first, struct status *status)
{
    struct search list = {.members = NULL};
    if (!search(response, arena, take_project, &list, status))
        return false;
    *count = list.found.projects;
    *first = project_of(list.found.project);
    return true;
}
