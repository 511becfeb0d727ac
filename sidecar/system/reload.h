/* SPDX-License-Identifier: MIT */
/*
 * What is to be said of files that are read again and again: that they changed, or that they are
 * bad, each once. Whoever owns the files owns this, too; one thread at a time.
 */
#pragma once

#include <stdbool.h>

#include "base/status.h"
#include "system/pem.h"

enum reload_result {
    RELOAD_NOTHING,  /* as before */
    RELOAD_LOADED,   /* another content, or the same after a rejection */
    RELOAD_REJECTED, /* bad, for another reason than the last time: what was loaded stays in use */
};

struct reload {
    unsigned char digest[PEM_DIGEST_BYTES]; /* of what was loaded last */
    char problem[STATUS_MESSAGE_BYTES];     /* that was told last; empty when all is well */
};

/* The files were read: with that digest, or, without one, they were bad. */
enum reload_result reload_judge(struct reload *reload, const unsigned char *digest,
                                const struct status *why);
