/* SPDX-License-Identifier: MIT */
/* A scripted TLS peer and the settings to connect to it from an event loop of the test. */
#pragma once

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "loop.h"
#include "tls_peer.h"
#include "upstream/trust_store.h"
#include "upstream/upstream.h"

struct connect_trial {
    char folder[32], url[64], ca_file[64];
    struct tls_peer *peer;
    struct upstream_settings settings;
    struct trust_store *trust_store;
    struct event_base *loop;
};

static inline void connect_trial_begin(struct connect_trial *trial,
                                       const struct tls_script *scripts, unsigned count)
{
    struct status status;
    snprintf(trial->folder, sizeof trial->folder, "/tmp/connect-XXXXXX");
    assert_non_null(mkdtemp(trial->folder));
    trial->peer = tls_peer_start(trial->folder, scripts, count);
    snprintf(trial->url, sizeof trial->url, "https://localhost:%u", tls_peer_port(trial->peer));
    snprintf(trial->ca_file, sizeof trial->ca_file, "%s/cert.pem", trial->folder);
    trial->settings = (struct upstream_settings){.url = trial->url,
                                                 .loops = 1,
                                                 .connections = 4,
                                                 .response_bytes = 4096,
                                                 .connection_idle_ns = 60 * CLOCK_NS_PER_S,
                                                 .connection_age_ns = UPSTREAM_AGE_NS};
    assert_true(trust_store_open(trial->ca_file, &(struct reload_listener){.loop = NULL},
                                 &trial->trust_store, &status));
    trial->loop = event_base_new();
    assert_non_null(trial->loop);
}

static inline void connect_trial_end(struct connect_trial *trial)
{
    event_base_free(trial->loop);
    trust_store_free(trial->trust_store);
    tls_peer_stop(trial->peer);
    unlink(trial->ca_file);
    rmdir(trial->folder);
}
