/* SPDX-License-Identifier: MIT */
/*
 * Functions that cannot be used safely here; each use is a compile error. Include it last in every
 * .c file, since the system's headers declare what is poisoned here.
 */
#pragma once

/* With _FORTIFY_SOURCE glibc has macros of some of these names for clang. */
#undef strcpy
#undef strcat
#undef strncpy
#undef strncat
#undef sprintf
#undef vsprintf

#pragma GCC poison strcpy strcat strncpy strncat sprintf vsprintf gets strtok atoi atol atoll atof

#pragma GCC poison scanf sscanf fscanf localtime gmtime ctime asctime rand srand setenv putenv     \
    usleep tmpnam

/* Numbers are read and written with a point, whatever the environment says. */
#pragma GCC poison setlocale newlocale uselocale
