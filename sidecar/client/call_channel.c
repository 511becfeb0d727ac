/* SPDX-License-Identifier: MIT */
#include "client/call_channel.h"

#include <grpc/grpc_security.h>
#if __has_include(<grpc/credentials.h>)
#include <grpc/credentials.h> /* plaintext credentials, in releases after 1.51 */
#endif

#include "system/pem.h"

#include "base/banned.h"

/* Above what any --max-response lets through. */
#define RESPONSE_BYTES (256 << 20)

enum { CA, CERTIFICATE, KEY, FILES };

static bool take(struct x509_st *certificate, size_t index, void *context)
{
    (void)certificate, (void)index, (void)context;
    return true;
}

static bool read_files(struct pem_file files[FILES], struct arena *arena, struct status *status)
{
    if (!pem_read(files, FILES, arena, status) || !pem_certificates(&files[CA], take, NULL, status))
        return false;
    return !files[KEY].path || pem_check_pair(&files[CERTIFICATE], &files[KEY], status);
}

/* C-core takes terminated texts. */
static bool copy_text(const struct pem_file *file, struct arena *arena, const char **text,
                      struct status *status)
{
    *text = file->path ? arena_copy(arena, file->text.data, file->text.size) : NULL;
    return !file->path || *text ||
           status_fail(status, STATUS_RESOURCE_EXHAUSTED, "no memory for %s", file->path);
}

static bool make_tls(const struct call_options *given, struct arena *arena,
                     grpc_channel_credentials **credentials, struct status *status)
{
    struct pem_file files[FILES] = {[CA].path = given->ca_file,
                                    [CERTIFICATE].path = given->cert_file,
                                    [KEY].path = given->key_file};
    const char *roots;
    grpc_ssl_pem_key_cert_pair own;
    if (!read_files(files, arena, status) || !copy_text(&files[CA], arena, &roots, status) ||
        !copy_text(&files[CERTIFICATE], arena, &own.cert_chain, status) ||
        !copy_text(&files[KEY], arena, &own.private_key, status))
        return false;
    *credentials = grpc_ssl_credentials_create(roots, given->cert_file ? &own : NULL, NULL, NULL);
    return true;
}

static bool make_credentials(const struct call_options *given, struct arena *arena,
                             grpc_channel_credentials **credentials, struct status *status)
{
    if (given->ca_file)
        return make_tls(given, arena, credentials, status);
    *credentials = grpc_insecure_credentials_create();
    return true;
}

static grpc_channel *make_channel(const struct call_options *given, const char *target,
                                  grpc_channel_credentials *credentials)
{
    grpc_arg list[] = {
        {GRPC_ARG_INTEGER, (char *)(uintptr_t)GRPC_ARG_ENABLE_HTTP_PROXY, {.integer = 0}},
        {GRPC_ARG_INTEGER,
         (char *)(uintptr_t)GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH,
         {.integer = RESPONSE_BYTES}},
        {GRPC_ARG_STRING,
         (char *)(uintptr_t)GRPC_SSL_TARGET_NAME_OVERRIDE_ARG,
         {.string = (char *)(uintptr_t)given->server_name}},
    };
    grpc_channel_args arguments = {array_length(list) - !given->server_name, list};
    return grpc_channel_create(target, credentials, &arguments);
}

bool call_channel_open(const struct call_options *given, struct arena *arena,
                       grpc_channel **channel, struct status *status)
{
    grpc_channel_credentials *credentials;
    const char *target = call_options_target(given, arena);
    if (!target)
        return status_fail(status, STATUS_RESOURCE_EXHAUSTED, "no memory for --target");
    if (!make_credentials(given, arena, &credentials, status))
        return false;
    *channel = make_channel(given, target, credentials);
    grpc_channel_credentials_release(credentials);
    return true;
}
