/* SPDX-License-Identifier: MIT */
/* Finds the method that a person names on a command line. One thread for each arena. */
#pragma once

#include "base/arena.h"
#include "base/status.h"
#include "schema/schema.h"

/*
 * Finds a method by its name, with as much of its service and package before it as makes it the
 * only one; a "." may stand for the "/": "ListOrders", "Orders.ListOrders",
 * "/shop.v1.Orders/ListOrders". NOT_FOUND, naming similar methods, those that match, or the reason
 * why it is not served, when none or several served ones match.
 */
must_use bool method_name_find(const struct schema *schema, struct text name, struct arena *arena,
                               const struct schema_method **method, struct status *status);
