/* SPDX-License-Identifier: MIT */
/* A credential as a source gives it: views of the memory of a fetch, which is secret memory. */
#pragma once

#include <stdint.h>

#include "base/text.h"

/* The longest token, of either kind: the front gateway accepts at most 32 KiB in one header. */
#define CREDENTIAL_BYTES 32768

/* The longest ID of a project; the vendor's have 32 characters. */
#define ISSUED_PROJECT_BYTES 64

enum issued_kind {
    ISSUED_TOKEN, /* sent as X-Auth-Token */
    ISSUED_KEY,   /* requests are signed with it (SDK-HMAC-SHA256) */
};

struct issued {
    enum issued_kind kind;
    struct text token;          /* of ISSUED_TOKEN; the next three are of ISSUED_KEY */
    struct text access, secret; /* AK and SK */
    struct text security;       /* security token of a temporary key; empty for a permanent one */
    struct text project;        /* project id; empty: the source does not know it */
    int64_t expires_ns;         /* end of its life, of the calendar; 0: not known, or never */
};
