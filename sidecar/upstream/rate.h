/* SPDX-License-Identifier: MIT */
/*
 * How many calls the upstream is sent in a time: a token bucket, whose rate is a fixed ceiling, or
 * learned once the upstream throttles. A throttled call lowers the rate to 0.7 times what was
 * accepted; it then grows back along a cubic curve that is flat where calls were throttled last,
 * and steep far from there, as in the adaptive mode of AWS SDKs. When the upstream names its limit
 * (APIG.0308: "limit:200,time:5 minute") that limit is kept to. Nothing is sent while the named
 * window, an hour of it at most, or Retry-After lasts. Pure; time is handed in.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* At most `calls` in each window; 0 calls: no limit. */
struct rate_ceiling {
    double calls;
    int64_t window_ns;
};

/* The words of a response that throttles; each 0 when it is not said. */
struct rate_throttle {
    struct rate_ceiling named;
    int64_t retry_after_ns;
};

/* A token bucket's rate and size; a rate of 0 is none. */
struct rate_bucket {
    double per_ns, size;
};

struct rate {
    struct rate_bucket ceiling, named;
    double peak_per_ns;   /* where the curve is flat; 0 while nothing is learned */
    int64_t flat_ns;      /* when it is */
    int64_t third_ns;     /* from a decrease to there */
    int64_t throttled_ns; /* when a call was throttled that made a change */
    int64_t needed_ns;    /* when a call last had to wait */
    int64_t paused_until_ns;
    double tokens;
    int64_t filled_ns;
};

void rate_init(struct rate *rate, const struct rate_ceiling *ceiling);

/* Time has passed: tokens are there, and a limit that nothing waited for may be forgotten. */
void rate_pass(struct rate *rate, int64_t now_ns);

/* Whether calls may have to wait. */
bool rate_limits(const struct rate *rate);

/* Calls in a second that are sent now at most; 0 without a limit. */
double rate_per_s(const struct rate *rate, int64_t now_ns);

/* Takes the token for a call that is sent now; false when it has to wait. */
bool rate_take(struct rate *rate, int64_t now_ns);

/* Gives a token back whose call was not sent. */
void rate_give_back(struct rate *rate);

/* How long a call waits that is sent after `before` others. */
int64_t rate_wait_ns(struct rate *rate, size_t before, int64_t now_ns);

/* A call was throttled that was sent then, while `accepted_per_s` were accepted. */
void rate_throttled(struct rate *rate, const struct rate_throttle *throttle, double accepted_per_s,
                    int64_t sent_ns, int64_t now_ns);

/* A call was accepted that had left before the rate was lowered; that many were in a second. */
void rate_accepted(struct rate *rate, double accepted_per_s);

/* Events in a second, of which those of the last second count most. One thread has it. */
struct rate_meter {
    double count;
    int64_t at_ns;
};

void rate_meter_count(struct rate_meter *meter, int64_t now_ns);
double rate_meter_per_s(const struct rate_meter *meter, int64_t now_ns);
