/* SPDX-License-Identifier: MIT */
/* --agency: a temporary key of an agency, which another source's credential may assume. See
 * source.h. */
#pragma once

#include "credential/iam.h"
#include "credential/source.h"

struct agency {
    const char *name;   /* or its URN, for which STS is asked and the other source gives a key */
    const char *domain; /* of a name: the name or the id of the account that it belongs to */
};

/* Takes the other source; the strings outlive it. */
struct source *source_agency_open(struct source *inner, const struct agency *agency,
                                  const struct iam_place *iam);
