/* SPDX-License-Identifier: MIT */
#include "system/reload.h"

#include <string.h>

#include "base/banned.h"

static enum reload_result reject(struct reload *reload, const struct status *why)
{
    if (strcmp(reload->problem, why->message) == 0)
        return RELOAD_NOTHING;
    memcpy(reload->problem, why->message, sizeof reload->problem);
    return RELOAD_REJECTED;
}

enum reload_result reload_judge(struct reload *reload, const unsigned char *digest,
                                const struct status *why)
{
    if (!digest)
        return reject(reload, why);
    bool same = memcmp(reload->digest, digest, PEM_DIGEST_BYTES) == 0;
    bool recovered = reload->problem[0] != '\0';
    memcpy(reload->digest, digest, PEM_DIGEST_BYTES);
    reload->problem[0] = '\0';
    return same && !recovered ? RELOAD_NOTHING : RELOAD_LOADED;
}
