/* SPDX-License-Identifier: MIT */
#include "upstream/share.h"

#include <stdlib.h>

#include "base/memory.h"

#include "base/banned.h"

struct share *share_new(unsigned version)
{
    CURLSH *handle = curl_share_init();
    if (!handle || curl_share_setopt(handle, CURLSHOPT_SHARE, CURL_LOCK_DATA_DNS) != CURLSHE_OK ||
        curl_share_setopt(handle, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION) != CURLSHE_OK) {
        curl_share_cleanup(handle);
        return NULL;
    }
    struct share *share = memory_expect(calloc(1, sizeof *share));
    *share = (struct share){handle, version, 1};
    return share;
}

struct share *share_acquire(struct share **current, unsigned version)
{
    if ((*current)->version != version) {
        share_release(*current);
        *current = memory_expect(share_new(version));
    }
    (*current)->holders++;
    return *current;
}

void share_release(struct share *share)
{
    if (--share->holders > 0)
        return;
    curl_share_cleanup(share->handle);
    free(share);
}
