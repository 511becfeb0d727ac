/* SPDX-License-Identifier: MIT */
/*
 * The meaning of a refusal of the credential by the upstream. The vendor's words decide, because
 * one error code has many causes (its user guide, "Error Codes", and its FAQ on IAM
 * authentication). Pure; any thread.
 */
#pragma once

#include "base/text.h"
#include "telemetry/metric.h"

/*
 * Reads the message of a response whose fault is one of the credential: RENEW when another
 * credential may be accepted, CLOCK when the time of the signature was too far off, WRONG when the
 * key is wrong if it is still the one in use, PAUSE when the key is locked for five minutes.
 */
enum metric_credential_verdict refusal_judge(struct text message);
