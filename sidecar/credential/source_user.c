/* SPDX-License-Identifier: MIT */
#include "credential/source_user.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/memory.h"
#include "credential/secret_folder.h"

#include "base/banned.h"

/* More than names and passwords of IAM have. */
#define TEXT_BYTES 1024

static const char *const names[] = {"name", "password", "domain"};

struct source_user {
    struct source source;
    struct iam_place iam;
    char paths[]; /* of the three files */
};

static bool is_text(struct text text)
{
    for (size_t i = 0; i < text.size; i++)
        if (ascii_is_control(text.data[i]))
            return false;
    return text.size > 0 && text.size <= TEXT_BYTES && text_is_utf8(text);
}

static bool read_user(const char *path, struct source_fetch *fetch, struct text *name,
                      struct text *password, struct text *domain)
{
    const struct secret_part parts[] = {{names[0], TEXT_BYTES, true, name},
                                        {names[1], TEXT_BYTES, true, password},
                                        {names[2], TEXT_BYTES, true, domain}};
    int folder = secret_folder_open(path);
    if (folder < 0)
        return status_fail(&fetch->status, STATUS_UNAVAILABLE, "%s", strerror(errno));
    bool good =
        secret_folder_read(folder, parts, array_length(parts), fetch->arena, &fetch->status);
    close(folder);
    if (!good)
        return false;
    for (size_t i = 0; i < array_length(parts); i++)
        if (!is_text(*parts[i].text))
            return status_fail(&fetch->status, STATUS_UNAVAILABLE,
                               "%s is empty, longer than %d bytes or not one line of UTF-8",
                               parts[i].name, TEXT_BYTES);
    return true;
}

static enum source_next begin(struct source *source, struct source_fetch *fetch)
{
    static const char form[] =
        "{'auth':{'identity':{'methods':['password'],'password':{'user':{'name':$,'password':$,"
        "'domain':{'name':$}}}},'scope':{'project':{$:$}}}}";
    const struct iam_place *iam = &((struct source_user *)source)->iam;
    struct text name, password, domain;
    if (!read_user(source->place, fetch, &name, &password, &domain)) {
        status_prepend(&fetch->status, "%s", source->place);
        return SOURCE_FAILED;
    }
    source_hide(fetch, password);
    return iam_post(
        fetch, SOURCE_IAM, "/v3/auth/tokens?nocatalog=true", form,
        (const struct text[]){name, password, domain, iam_scope_member(iam), iam_scope_value(iam)});
}

/* Wrong passwords in a row lock the user, by default five of them. */
static enum source_next answered(struct source *source, struct source_fetch *fetch,
                                 const struct http_response *response)
{
    (void)source;
    enum source_next next = iam_take_token(fetch, response);
    if (response->status == 401)
        fetch->fault = SOURCE_COUNTS_TOWARDS_LOCK;
    return next;
}

static const struct source_kind kind = {
    .name = "IAM user",
    .option = "iam-user",
    .metric = METRIC_ISSUER_IAM_USER,
    .begin = begin,
    .answered = answered,
    .gives_project = true,
};

struct source *source_user_open(const char *path, const struct iam_place *iam)
{
    size_t size = strlen(path) + sizeof "/password";
    struct source_user *user = memory_expect(calloc(1, sizeof *user + array_length(names) * size));
    user->source = (struct source){.kind = &kind, .place = path, .urls[SOURCE_IAM] = iam->iam_url};
    user->iam = *iam;
    for (size_t i = 0; i < array_length(names); i++) {
        char *at = user->paths + i * size;
        snprintf(at, size, "%s/%s", path, names[i]);
        user->source.files[i] = at;
    }
    return &user->source;
}
