/* SPDX-License-Identifier: MIT */
/* Checks of a type's descriptor and of the type that was built of it. For schema/type.c, at start.
 * The messages of failures name neither file nor message, because the caller does. */
#pragma once

#include "base/status.h"
#include "schema/descriptor_set.h"
#include "schema/message.h"

/* Fails on a field that cannot be served: required, delimited, or with values that no file has. */
must_use bool type_check_field(const message_proto *message, const field_proto *proto,
                               const struct features *features, struct status *status);

/* Fails on a message whose fields share a number, and on an entry of a map or a
 * well-known type without the fields that other code relies on. */
must_use bool type_check_message(const struct schema_message *message, const message_proto *proto,
                                 struct status *status);
