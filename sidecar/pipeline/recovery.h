/* SPDX-License-Identifier: MIT */
/*
 * Recovery of a create whose response was lost (--recover-lost-creates): the name is looked up as
 * the .proto's option `apig_sidecar.recovery` says, and the verdict decides the outcome. Functions
 * of a transaction that send nothing; the pipeline acts on them. The thread that has the
 * transaction.
 */
#pragma once

#include "pipeline/transaction.h"

/* Begins the recovery of an outcome that is unknown: keeps the failure, so that it stands if the
 * look-up does not help. False when no look-up may follow: not asked for, not possible for this
 * method, of no use, or too late. */
must_use bool recovery_begin(struct transaction *transaction);

/* Makes the request of the look-up in the place of the call's own, unsigned. Fails when the call's
 * memory is full. */
must_use bool recovery_request(struct transaction *transaction);

/* Sets transaction->verdict by the exchange of the look-up, and with LOOKUP_FOUND
 * transaction->response. */
void recovery_judge(struct transaction *transaction);

/* Whether the verdict proves that the create was not carried out and will not be. */
bool recovery_proves_absence(const struct transaction *transaction);

/* Puts the call's own request back in the place of the look-up's. */
void recovery_restore(struct transaction *transaction);

/* Sets the call's status and details by the verdict. */
void recovery_conclude(struct transaction *transaction);
