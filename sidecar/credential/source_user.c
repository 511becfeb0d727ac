/* SPDX-License-Identifier: MIT */
#include "credential/source_user.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/memory.h"
#include "credential/secret_folder.h"

#include "base/banned.h"

/* More than names and passwords of IAM have. */
#define TEXT_BYTES 1024

#define PARTS 3

struct source_user {
    struct source source;
    struct iam_place iam;
    char *paths[PARTS]; /* owned; what `source.files` points to */
};

static bool is_text(struct text text)
{
    for (size_t i = 0; i < text.size; i++)
        if ((unsigned char)text.data[i] < ' ' || text.data[i] == 0x7f)
            return false;
    return text.size > 0 && text.size <= TEXT_BYTES && text_is_utf8(text);
}

static bool read_user(const char *path, struct source_fetch *fetch, struct text *name,
                      struct text *password, struct text *domain)
{
    const struct secret_part parts[] = {{"name", TEXT_BYTES, true, name},
                                        {"password", TEXT_BYTES, true, password},
                                        {"domain", TEXT_BYTES, true, domain}};
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
        fetch->fault = SOURCE_WRONG_PASSWORD;
    return next;
}

static void source_user_free(struct source *source)
{
    struct source_user *user = (struct source_user *)source;
    for (size_t i = 0; i < PARTS; i++)
        free(user->paths[i]);
    free(user);
}

static const struct source_kind kind = {
    .name = "IAM user",
    .option = "iam-user",
    .metric = METRIC_ISSUER_IAM_USER,
    .begin = begin,
    .answered = answered,
    .free = source_user_free,
    .gives_project = true,
};

static char *path_in(const char *folder, const char *name)
{
    char *path;
    int size = asprintf(&path, "%s/%s", folder, name);
    return memory_expect(size < 0 ? NULL : path);
}

struct source *source_user_open(const char *path, const struct iam_place *iam)
{
    static const char *const names[PARTS] = {"name", "password", "domain"};
    struct source_user *user = memory_expect(calloc(1, sizeof *user));
    user->source = (struct source){.kind = &kind, .place = path, .urls[SOURCE_IAM] = iam->iam_url};
    user->iam = *iam;
    for (size_t i = 0; i < PARTS; i++)
        user->source.files[i] = user->paths[i] = path_in(path, names[i]);
    return &user->source;
}
