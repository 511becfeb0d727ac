/* SPDX-License-Identifier: MIT */
/*
 * Functions that the official conformance runner needs and the C and C++ libraries of Debian 12
 * lack: the parsers of numbers under their C23 names, and the start of C++'s streams. It is
 * preloaded into the runner, whose version requirements are weakened (tests/conformance/run).
 */
#include <stdalign.h>
#include <stddef.h>
#include <stdlib.h>

long __isoc23_strtol(const char *text, char **end, int base);
long long __isoc23_strtoll(const char *text, char **end, int base);
unsigned long __isoc23_strtoul(const char *text, char **end, int base);
unsigned long long __isoc23_strtoull(const char *text, char **end, int base);

long __isoc23_strtol(const char *text, char **end, int base)
{
    return strtol(text, end, base);
}

long long __isoc23_strtoll(const char *text, char **end, int base)
{
    return strtoll(text, end, base);
}

unsigned long __isoc23_strtoul(const char *text, char **end, int base)
{
    return strtoul(text, end, base);
}

unsigned long long __isoc23_strtoull(const char *text, char **end, int base)
{
    return strtoull(text, end, base);
}

/* std::ios_base::Init::Init() and std::ios_base_library_init() as their names are mangled. */
void _ZNSt8ios_base4InitC1Ev(void *init) __attribute__((weak));
void _ZSt21ios_base_library_initv(void);

void _ZSt21ios_base_library_initv(void)
{
    static alignas(max_align_t) char init[16];
    if (_ZNSt8ios_base4InitC1Ev)
        _ZNSt8ios_base4InitC1Ev(init);
}
