/* SPDX-License-Identifier: MIT */
/* The steps of a call, in order: a field of the log and of a failure's details, a label of metrics.
 */
#pragma once

/* clang-format off */
#define STEPS(row)              \
    row(RECEIVE, "receive")     \
    row(ADMIT, "admit")         \
    row(DECODE, "decode")       \
    row(VALIDATE, "validate")   \
    row(ENCODE, "encode")       \
    row(SIGN, "sign")           \
    row(SEND, "send")           \
    row(INTERPRET, "interpret") \
    row(RECOVER, "recover")     \
    row(REPLY, "reply")
/* clang-format on */

enum step {
#define STEP(id, name) STEP_##id,
    STEPS(STEP)
#undef STEP
        STEP_COUNT
};

extern const char *const step_names[STEP_COUNT];
