/* SPDX-License-Identifier: MIT */
/* Are legal hosts, addresses and URLs read, and others refused? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "config/config.h"
#include "config/url.h"

#define LABEL_63 "a23456789012345678901234567890123456789012345678901234567890123"
#define PATH_107                                                                                   \
    "/234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901"  \
    "2345678901234567"

static void an_authority_is_a_host_with_or_without_a_port(void **state)
{
    (void)state;
    static const char *const rows[][3] = {
        {"localhost", "localhost", ""},
        {"a.example:443", "a.example", "443"},
        {"127.0.0.1:80", "127.0.0.1", "80"},
        {"[::1]", "::1", ""},
        {"[2001:db8::1]:8443", "2001:db8::1", "8443"},
        {"a_b-c.1a", "a_b-c.1a", ""},
        {LABEL_63 ":1", LABEL_63, "1"},
    };
    for (size_t i = 0; i < array_length(rows); i++) {
        struct text host, port;
        if (!url_split_authority(text_of(rows[i][0]), &host, &port))
            fail_msg("%s is refused", rows[i][0]);
        assert_true(text_equal(host, text_of(rows[i][1])));
        assert_true(text_equal(port, text_of(rows[i][2])));
    }
}

static void a_malformed_host_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",
        ":",
        ":80",
        "a:",
        "a:b:1",
        "::1",
        "::1:80",
        "[::1",
        "[::1]80",
        "[::1]:",
        "[]",
        "[a]",
        "[127.0.0.1]",
        "0x7f000001",
        "a.0X1",
        "127.0.0.0x1:80",
        "a..b",
        ".a",
        "a.",
        "-a",
        "a-",
        "a b",
        "a/b",
        "u@h",
        "256.0.0.1",
        "127.1",
        "1",
        "1.2.3.4.5",
        "a%41",
        "\xc3\xa9.example",
        LABEL_63 "4",
        "[fe80::1%eth0]:1",
        "[::1]]:1",
        "[[::1]]:1",
        "a]:1",
    };
    for (size_t i = 0; i < array_length(wrong); i++) {
        struct text host, port;
        if (url_split_authority(text_of(wrong[i]), &host, &port))
            fail_msg("\"%s\" is read", wrong[i]);
    }
    char name[256];
    memset(name, 'a', sizeof name);
    for (size_t i = 63; i < sizeof name; i += 64)
        name[i] = '.';
    struct text host, port;
    assert_true(url_split_authority((struct text){name, 253}, &host, &port));
    assert_false(url_split_authority((struct text){name, 254}, &host, &port));
    assert_false(url_split_authority(text_literal("[::1\0.example]"), &host, &port));
    assert_false(url_split_authority(text_literal("127.0.0.1\0"), &host, &port));
    assert_false(url_split_authority((struct text){NULL, 0}, &host, &port));
}

static void an_upstream_is_https_with_or_without_a_prefix(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"https://h", "https://h"},
        {"https://h/", "https://h"},
        {"https://h:443/apig/v1", "https://h:443/apig/v1"},
        {"https://[::1]:8443/a%2Fb/", "https://[::1]:8443/a%2Fb"},
        {"https://h/~a;b=c,d/!$&'()*+:@", "https://h/~a;b=c,d/!$&'()*+:@"},
        {"https://h/a..b/...", "https://h/a..b/..."},
        {"https://apig.example.com./v1/", "https://apig.example.com./v1"},
        {"https://h.:8443", "https://h.:8443"},
    };
    for (size_t i = 0; i < array_length(rows); i++) {
        struct text url;
        if (!url_is_upstream(text_of(rows[i][0]), &url))
            fail_msg("%s is refused", rows[i][0]);
        assert_true(text_equal(url, text_of(rows[i][1])));
    }
}

static void a_malformed_upstream_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",
        "h",
        "https:",
        "https://",
        "https:///a",
        "http://h",
        "HTTPS://h",
        " https://h",
        "https://h ",
        "https://me@h",
        "https://me:you@h",
        "https://h?q",
        "https://h/?q",
        "https://h#f",
        "https://h/a#f",
        "https://h:0",
        "https://h:65536",
        "https://h:",
        "https://h:8o",
        "https://.",
        "https://h..",
        "https://h.:",
        "https://h.:0",
        "https://h.8443",
        "https://127.0.0.1.",
        "https://[::1].",
        "https://h/a//b",
        "https://h/./b",
        "https://h/a/..",
        "https://h/%4",
        "https://h/%zz",
        "https://h/a b",
        "https://h/\"",
        "https://h/\xc3\xa9",
        "https://h\\a",
        "https://h/a\r\nb",
    };
    for (size_t i = 0; i < array_length(wrong); i++) {
        struct text url;
        if (url_is_upstream(text_of(wrong[i]), &url))
            fail_msg("\"%s\" is read", wrong[i]);
    }
    struct text url;
    assert_false(url_is_upstream((struct text){"https://h/a\0b", 13}, &url));
}

static void a_proxy_is_http_with_a_port(void **state)
{
    (void)state;
    assert_true(url_is_proxy(text_literal("http://proxy.example:3128")));
    assert_true(url_is_proxy(text_literal("http://[::1]:3128")));
    static const char *const wrong[] = {"proxy:3128",        "https://proxy:3128", "socks5://p:1",
                                        "http://proxy",      "http://proxy:0",     "http://p:1/",
                                        "http://me:you@p:1", "http://p:1?a"};
    for (size_t i = 0; i < array_length(wrong); i++)
        if (url_is_proxy(text_of(wrong[i])))
            fail_msg("\"%s\" is read", wrong[i]);
}

static void a_region_is_a_label_of_lower_case(void **state)
{
    (void)state;
    assert_true(url_is_region(text_literal("ap-southeast-1")));
    static const char *const wrong[] = {"", "-", "CN", "a.b", "a/b", "a_b", "a ", LABEL_63 "4"};
    for (size_t i = 0; i < array_length(wrong); i++)
        if (url_is_region(text_of(wrong[i])))
            fail_msg("\"%s\" is read", wrong[i]);
}

static void an_address_is_tcp_or_a_socket_with_an_absolute_path(void **state)
{
    (void)state;
    struct arena arena;
    struct address address;
    arena_init(&arena, 1 << 20);
    assert_true(config_address_parse(text_literal("[::1]:0"), &arena, &address));
    assert_string_equal(address.host, "::1");
    assert_int_equal(address.port, 0);
    assert_null(address.unix_path);
    assert_true(config_address_parse(text_literal("unix:" PATH_107), &arena, &address));
    assert_string_equal(address.unix_path, PATH_107);
    assert_null(address.host);
    static const char *const wrong[] = {
        "", "h", "h:", "h:65536", "unix:", "unix:/", "unix:a/b", "unix:" PATH_107 "8", "UNIX:/a"};
    for (size_t i = 0; i < array_length(wrong); i++)
        if (config_address_parse(text_of(wrong[i]), &arena, &address))
            fail_msg("\"%s\" is read", wrong[i]);
    assert_string_equal(address.unix_path, PATH_107);
    arena_clear(&arena);
}

static void only_loopback_and_sockets_are_local(void **state)
{
    (void)state;
    static const struct {
        const char *written;
        bool local;
    } rows[] = {
        {"127.0.0.1:1", true},   {"127.255.0.9:1", true},    {"[::1]:1", true},
        {"localhost:1", true},   {"unix:/s", true},          {"0.0.0.0:1", false},
        {"[::]:1", false},       {"128.0.0.1:1", false},     {"[::ffff:127.0.0.1]:1", true},
        {"localhosts:1", false}, {"127.0.0.1.nip:1", false},
    };
    struct arena arena;
    arena_init(&arena, 1 << 20);
    for (size_t i = 0; i < array_length(rows); i++) {
        struct address address;
        assert_true(config_address_parse(text_of(rows[i].written), &arena, &address));
        if (config_address_is_local(&address) != rows[i].local)
            fail_msg("%s", rows[i].written);
    }
    arena_clear(&arena);
}

static void the_host_of_a_request_is_local_by_name_or_address(void **state)
{
    (void)state;
    static const struct {
        const char *written;
        bool local;
    } rows[] = {
        {"localhost", true},  {"localhost:9091", true}, {"127.0.0.1:9091", true},
        {"[::1]", true},      {"[::1]:9091", true},     {"", false},
        {"evil.test", false}, {"10.0.0.1:9091", false}, {"localhost.evil.test", false},
        {"::1", false},       {"unix:/s", false},       {"evil.test@localhost", false},
    };
    for (size_t i = 0; i < array_length(rows); i++)
        if (config_authority_is_local(text_of(rows[i].written)) != rows[i].local)
            fail_msg("%s", rows[i].written);
}

static void a_service_of_the_node_is_at_a_near_address(void **state)
{
    (void)state;
    static const char *const good[] = {"http://169.254.169.254", "http://127.0.0.1:1338",
                                       "http://[::1]:80", "http://[fe80::1]",
                                       "http://169.254.170.23/v1/credentials"};
    static const char *const wrong[] = {
        "",
        "https://169.254.169.254",
        "http://",
        "http://localhost",
        "http://10.0.0.1",
        "http://169.253.169.254",
        "http://[2001:db8::1]",
        "http://user@127.0.0.1",
        "http://127.0.0.1:0",
        "http://127.0.0.1:66000",
        "http://127.0.0.1.example.com",
        "http://2130706433",
    };
    struct text path;
    for (size_t i = 0; i < array_length(good); i++)
        assert_true(url_is_node(text_of(good[i]), &path));
    assert_true(text_equal(path, text_literal("/v1/credentials")));
    for (size_t i = 0; i < array_length(wrong); i++)
        assert_false(url_is_node(text_of(wrong[i]), &path));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_service_of_the_node_is_at_a_near_address),
        cmocka_unit_test(an_authority_is_a_host_with_or_without_a_port),
        cmocka_unit_test(a_malformed_host_is_refused),
        cmocka_unit_test(an_upstream_is_https_with_or_without_a_prefix),
        cmocka_unit_test(a_malformed_upstream_is_refused),
        cmocka_unit_test(a_proxy_is_http_with_a_port),
        cmocka_unit_test(a_region_is_a_label_of_lower_case),
        cmocka_unit_test(an_address_is_tcp_or_a_socket_with_an_absolute_path),
        cmocka_unit_test(only_loopback_and_sockets_are_local),
        cmocka_unit_test(the_host_of_a_request_is_local_by_name_or_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
