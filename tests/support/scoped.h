/* SPDX-License-Identifier: MIT */
/* Variables that tests clear at the end of their scope. */
#pragma once

/* `scoped(thing) struct thing x;` calls thing_clear(&x) when x leaves its scope. */
#define scoped(kind) __attribute__((cleanup(kind##_clear)))
