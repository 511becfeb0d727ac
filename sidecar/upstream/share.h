/* SPDX-License-Identifier: MIT */
/*
 * Names and TLS sessions that transports share when they trust the same CAs, because a session that
 * is resumed is not verified again. Counted references; one thread, so no locks.
 */
#pragma once

#include <curl/curl.h>

struct share {
    CURLSH *handle;
    unsigned version; /* of the trusted CAs */
    size_t holders;
};

/* With one holder; NULL when libcurl refuses. */
struct share *share_new(unsigned version);

/* A reference to the current share if it is of that version, else to a new one, which becomes the
 * current one. */
struct share *share_acquire(struct share **current, unsigned version);

void share_release(struct share *share);
