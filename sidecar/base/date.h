/* SPDX-License-Identifier: MIT */
/* Dates of the calendar as text. Pure. */
#pragma once

#include <stdint.h>

/* The size of "2026-01-31T12:34:56", and of the same with "Z" and its terminator. */
#define DATE_SIZE 19
#define DATE_BYTES (DATE_SIZE + 2)

/* Writes a time, in seconds since 1970, as RFC 3339 in UTC. Only the years 1 to 9999 have four
 * digits; the text of another one has no meaning. */
void date_write(char date[DATE_BYTES], int64_t second);

/* Writes a number, which is not negative, with that many digits; returns the place behind them. */
char *date_digits(char *at, int number, int digits);
