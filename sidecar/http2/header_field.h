/* SPDX-License-Identifier: MIT */
/* Which bytes names and values of header fields may have (RFC 9113 section 8.2.1). Pure; any
 * thread. */
#pragma once

#include <stdbool.h>

#include "base/text.h"
#include "http2/output.h"

/* A token of RFC 9110 section 5.6.2 without upper-case letters, which RFC 9113 section 8.2 forbids;
 * not empty. */
bool header_name_is_legal(struct text name);

/* Neither a control character but HTAB, nor blank at either end. */
bool header_value_is_legal(struct text value);

/* The visible characters of ASCII; empty is legal. */
bool header_value_is_visible(struct text value);

/* The characters of a host and a port (RFC 3986 section 3.2), without user information, which RFC
 * 9113 section 8.3.1 forbids. An empty host is not legal (RFC 9110 section 4.2.1). */
bool header_authority_is_legal(struct text authority);

/*
 * Appends to `block` the fields that a "-bin" field is: values that are joined with commas are
 * split (PROTOCOL-HTTP2.md, "Custom-Metadata"), padding is removed. False when one is not the
 * standard alphabet's base64, or has bits behind its last byte that are not 0: C-core takes that
 * for a fault of the connection.
 */
must_use bool header_write_binary(struct output *block, struct text name, struct text value);
