/* SPDX-License-Identifier: MIT */
/* A failure's trailers in words. */
#pragma once

#include <stdio.h>

#include "base/text.h"

/* Writes what a person wants to know of one trailer: the details of grpc-status-details-bin, a line
 * each, and our own. */
void explain_trailer(struct text name, struct text value, FILE *out);
