/* SPDX-License-Identifier: MIT */
#include "http/nouns.h"

#include <time.h>

#include "base/banned.h"

bool http_date(struct text text, int64_t *seconds)
{
    char terminated[40];
    struct tm day = {0};
    if (text.size == 0 || text.size >= sizeof terminated)
        return false;
    memcpy(terminated, text.data, text.size);
    terminated[text.size] = '\0';
    const char *end = strptime(terminated, "%a, %d %b %Y %H:%M:%S GMT", &day);
    if (!end || *end)
        return false;
    *seconds = timegm(&day);
    return true;
}
