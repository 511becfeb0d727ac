/* SPDX-License-Identifier: MIT */
/*
 * Each use of a function that is listed here is a compile error, because it cannot be used safely.
 * Every .c file includes this header last, because headers of the system declare the functions.
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
