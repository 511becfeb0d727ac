/* SPDX-License-Identifier: MIT */
/*
 * Preparation of C-core before it is started. Debian builds abseil with its detector of lock-order
 * cycles, which ends the process, also on false alarms, and takes a sixth of a call's instructions.
 * For the thread that calls grpc_init.
 */
#pragma once

/* abseil's SetMutexDeadlockDetectionMode. The symbol is weak because other builds of C-core do not
 * have it under this name. */
extern void set_deadlock_detection(int mode) __asm__(
    "_ZN4absl7debian329SetMutexDeadlockDetectionModeENS0_15OnDeadlockCycleE") __attribute__((weak));

/* Turns the detector off. To be called before grpc_init. */
static inline void grpc_deadlock_detector_off(void)
{
    if (set_deadlock_detection)
        set_deadlock_detection(0);
}
