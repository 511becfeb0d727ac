/* SPDX-License-Identifier: MIT */
/*
 * The tables of vendor codes and HTTP statuses, one row of which decides about an unsuccessful
 * response. For the files of this folder alone. Pure; any thread.
 */
#pragma once

#include "rest/fault_body.h"
#include "rest/fault_effect.h"

/* Decides by the vendor's code, "APIG.3201". False, with the decision untouched, when no row has
 * that code with this HTTP status. */
must_use bool fault_decide_by_code(struct text vendor_code, unsigned http_status,
                                   struct fault_decision *decision);

/* Decides by the HTTP status and by the facts of the body and header that bear on it. */
struct fault_decision fault_decide_by_status(unsigned http_status, const struct fault_body *body);
