/* SPDX-License-Identifier: MIT */
/* The bytes that every HTTP/2 client sends first (RFC 9113 section 3.4). */
#pragma once

#define PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
#define PREFACE_BYTES (sizeof PREFACE - 1)
