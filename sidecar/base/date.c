/* SPDX-License-Identifier: MIT */
#include "base/date.h"

#include <string.h>
#include <time.h>

#include "base/banned.h"

char *date_digits(char *at, int number, int digits)
{
    for (int i = digits - 1; i >= 0; i--, number /= 10)
        at[i] = (char)('0' + number % 10);
    return at + digits;
}

void date_write(char date[DATE_BYTES], int64_t second)
{
    struct tm day;
    if (!gmtime_r(&(time_t){second}, &day))
        day = (struct tm){0};
    char *at = date_digits(date, day.tm_year + 1900, 4);
    *at++ = '-', at = date_digits(at, day.tm_mon + 1, 2);
    *at++ = '-', at = date_digits(at, day.tm_mday, 2);
    *at++ = 'T', at = date_digits(at, day.tm_hour, 2);
    *at++ = ':', at = date_digits(at, day.tm_min, 2);
    *at++ = ':', at = date_digits(at, day.tm_sec, 2);
    memcpy(at, "Z", sizeof "Z");
}
