/* SPDX-License-Identifier: MIT */
/* A credential whose token file is in a folder of its own, and whose reports are noted. Include
 * cmocka.h first. */
#pragma once

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "credential/credential.h"
#include "loop.h"

struct trial {
    char folder[64], path[128];
    struct event_base *loop;
    struct config config;
    struct credential *credential;
    unsigned reports;
    enum reload_result result; /* of the last report */
    char message[STATUS_MESSAGE_BYTES];
};

static inline void on_report(enum reload_result result, struct text message, void *context)
{
    struct trial *trial = context;
    trial->reports++;
    trial->result = result;
    snprintf(trial->message, sizeof trial->message, "%.*s", text_arguments(message));
}

/* A path in the trial's folder. */
static inline const char *in_folder(const struct trial *trial, const char *name)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", trial->folder, name);
    return path;
}

static inline void write_file(const char *path, const char *content, size_t bytes)
{
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_int_equal(fwrite(content, 1, bytes, file), bytes);
    assert_int_equal(fclose(file), 0);
}

static inline void write_token(const struct trial *trial, const char *token)
{
    write_file(trial->path, token, strlen(token));
}

/* `name` is the token file's path in the folder. */
static inline void prepare(struct trial *trial, const char *name)
{
    *trial = (struct trial){.folder = "/tmp/credential-XXXXXX", .loop = event_base_new()};
    assert_non_null(mkdtemp(trial->folder));
    snprintf(trial->path, sizeof trial->path, "%s/%s", trial->folder, name);
}

static inline void open_credential(struct trial *trial)
{
    struct status status;
    const struct credential_parts parts = {.files = {trial->loop, on_report, trial, NULL}};
    trial->config.token_file = trial->path;
    assert_true(credential_open(&trial->config, &parts, &trial->credential, &status));
    assert_int_equal(trial->reports, 1);
}

static inline void begin(struct trial *trial, const char *token)
{
    prepare(trial, "token");
    write_token(trial, token);
    open_credential(trial);
    assert_int_equal(trial->result, RELOAD_LOADED);
}

static inline int remove_one(const char *path, const struct stat *file, int kind, struct FTW *walk)
{
    (void)file, (void)kind, (void)walk;
    return remove(path);
}

static inline void end(struct trial *trial)
{
    credential_free(trial->credential);
    event_base_free(trial->loop);
    nftw(trial->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static inline void run_until_reported(struct trial *trial, unsigned times)
{
    loop_until(trial->loop, trial->reports >= times);
    assert_int_equal(trial->reports, times);
}

/* The caller releases the use. */
static inline struct credential_use sign(struct trial *trial, struct http_request *request)
{
    const struct credential_scope scope = {.host = text_literal("upstream.example")};
    struct credential_use use = {.deadline_ns = INT64_MAX};
    struct status status;
    request->field_count = 0;
    assert_true(credential_sign(trial->credential, &scope, request, &use, &status));
    assert_int_equal(request->field_count, 1);
    assert_true(text_equal(request->fields[0].name, text_literal("X-Auth-Token")));
    return use;
}

static inline void assert_signs_with(struct trial *trial, const char *token)
{
    struct http_request request;
    struct credential_use use = sign(trial, &request);
    assert_true(text_equal(request.fields[0].value, text_of(token)));
    credential_release(&use);
}

static inline void assert_cannot_sign(struct trial *trial)
{
    const struct credential_scope scope = {.host = text_literal("upstream.example")};
    struct http_request request = {0};
    struct credential_use use = {.deadline_ns = INT64_MAX};
    struct status status;
    assert_false(credential_ready(trial->credential));
    assert_false(credential_sign(trial->credential, &scope, &request, &use, &status));
    assert_int_equal(status.code, STATUS_UNAVAILABLE);
    assert_null(use.held);
    assert_int_equal(request.field_count, 0);
}

/* Refuses the use for that token, and returns whether it may be sent again. */
static inline bool refuse(struct trial *trial, struct credential_use *use)
{
    return credential_refused(trial->credential, use, text_literal("the token is invalid")) ==
           CREDENTIAL_AGAIN;
}
