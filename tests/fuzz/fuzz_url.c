/* SPDX-License-Identifier: MIT */
/*
 * Does libcurl read each URL that options accept, and as the same host, port and path? Read again,
 * a URL stays as it is.
 */
#include <assert.h>
#include <curl/curl.h>
#include <stdint.h>
#include <stdlib.h>

#include "config/url.h"

#include "base/banned.h"

static void expect_part(CURLU *url, CURLUPart part, struct text expected)
{
    char *found = NULL;
    CURLUcode code = curl_url_get(url, part, &found, 0);
    assert(code == CURLUE_OK ? text_equal(text_of(found), expected) : expected.size == 0);
    curl_free(found);
}

static struct text behind_scheme(struct text url)
{
    const char *at = memmem(url.data, url.size, "://", 3);
    assert(at);
    return (struct text){at + 3, (size_t)(url.data + url.size - at) - 3};
}

/* libcurl names an IPv6 address in brackets, and in its short form. */
static void expect_host(CURLU *url, struct text host)
{
    if (memchr(host.data, ':', host.size))
        return;
    expect_part(url, CURLUPART_HOST, host);
}

/* The name of --upstream may end in a dot. */
static bool split(struct text authority, struct text *host, struct text *port)
{
    struct text name = text_until(authority, ':');
    if (name.size == 0 || name.data[name.size - 1] != '.')
        return url_split_authority(authority, host, port);
    *host = name;
    *port = text_skip(authority, name.size + 1);
    return true;
}

static void expect_same(struct text accepted, const char *scheme)
{
    struct text rest = behind_scheme(accepted), host, port;
    const char *slash = memchr(rest.data, '/', rest.size);
    struct text authority = {rest.data, slash ? (size_t)(slash - rest.data) : rest.size};
    char *copy = strndup(accepted.data, accepted.size);
    CURLU *url = curl_url();
    assert(copy && url);
    CURLUcode code = curl_url_set(url, CURLUPART_URL, copy, CURLU_PATH_AS_IS);
    bool good = split(authority, &host, &port);
    assert(code == CURLUE_OK && good);
    expect_part(url, CURLUPART_SCHEME, text_of(scheme));
    expect_host(url, host);
    expect_part(url, CURLUPART_USER, (struct text){NULL, 0});
    expect_part(url, CURLUPART_QUERY, (struct text){NULL, 0});
    expect_part(url, CURLUPART_FRAGMENT, (struct text){NULL, 0});
    expect_part(url, CURLUPART_PATH,
                slash ? (struct text){slash, rest.size - authority.size} : text_literal("/"));
    curl_url_cleanup(url);
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text written = {(const char *)data, size}, url, again;
    if (url_is_upstream(written, &url)) {
        bool good = url_is_upstream(url, &again);
        assert(good && text_equal(url, again));
        expect_same(url, "https");
    }
    if (url_is_proxy(written))
        expect_same(written, "http");
    if (url_is_region(written))
        assert(size > 0 && size <= 63);
    return 0;
}
