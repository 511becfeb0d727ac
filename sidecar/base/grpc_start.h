/* SPDX-License-Identifier: MIT */
/*
 * What has to be done before C-core is started. Debian builds abseil with its detector of
 * lock-order cycles, which ends the process, on false alarms too, and costs a sixth of a call's
 * instructions. The thread that calls grpc_init.
 */
#pragma once

/* abseil's SetMutexDeadlockDetectionMode. Weak, since other builds of C-core do not have it under
 * this name. */
extern void set_deadlock_detection(int mode) __asm__(
    "_ZN4absl7debian329SetMutexDeadlockDetectionModeENS0_15OnDeadlockCycleE") __attribute__((weak));

/* Turns that detector off; before grpc_init. */
static inline void grpc_deadlock_detector_off(void)
{
    if (set_deadlock_detection)
        set_deadlock_detection(0);
}
