/* SPDX-License-Identifier: MIT */
/* Is x-forwarded-client-cert read as Envoy writes it, and not otherwise? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "server/xfcc.h"

#include "base/banned.h"

/* The names that are read, each behind a letter for its kind; NULL: it is refused. */
static const struct {
    const char *header, *names;
} rows[] = {
    {"URI=spiffe://a/b", "U spiffe://a/b"},
    {"By=x://y;Hash=00;Subject=\"\";URI=spiffe://a/b", "U spiffe://a/b"},
    {"By=x://y;Hash=00;Subject=\"/C=US,O=\\\"a;b\\\",CN=c\";URI=x://a/b;DNS=a.b;DNS=c.d",
     "U x://a/b D a.b D c.d"},
    {"URI=x://a/1,URI=x://a/2", "U x://a/2"},
    {"URI=x://a/1, URI=x://a/2", "U x://a/2"},
    {"URI=x://a/1,Hash=00", ""},
    {"Subject=\"a,URI=x://a/1\"", ""},
    {"uRi=x://a/1;dns=b", "U x://a/1 D b"},
    {"URI=\"x://a/1\"", "U x://a/1"},
    {"URI=\"x\\\"y\"", "U x\\\"y"},
    {"URI=;DNS=\"\"", ""},
    {"URI=a=b", "U a=b"},
    {"Cert=\"-----BEGIN%20CERTIFICATE-----%0A\";URI=x://a/b", "U x://a/b"},
    {"", NULL},
    {" ", NULL},
    {"URI", NULL},
    {"=x", NULL},
    {";URI=a", NULL},
    {"URI=a;", NULL},
    {"URI=a,", NULL},
    {",URI=a", NULL},
    {"URI=a ", NULL},
    {"URI=a b", NULL},
    {"URI=a ;DNS=b", NULL},
    {"URI =a", NULL},
    {"U-I=a", NULL},
    {"URI=a\"b\"", NULL},
    {"URI=\"a\"b", NULL},
    {"URI=\"a", NULL},
    {"URI=\"a\\", NULL},
    {"URI=\"a\\\"", NULL},
    {"URI=a\tb", NULL},
    {"URI=a\x7f", NULL},
    {"URI=\xc3\xa9", NULL},
};

static void write_names(const struct identity *names, size_t count, char out[256])
{
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < count; i++)
        used += (size_t)snprintf(out + used, 256 - used, "%s%c %.*s", i ? " " : "",
                                 names[i].kind == CALLER_URI ? 'U' : 'D',
                                 text_arguments(names[i].name));
}

static void a_header_is_read_as_the_table_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < array_length(rows); i++) {
        struct identity names[IDENTITY_MOST];
        char read[256];
        size_t count = 0;
        bool good = xfcc_read(text_of(rows[i].header), names, &count);
        write_names(names, count, read);
        if (good != (rows[i].names != NULL) || (good && strcmp(read, rows[i].names) != 0))
            fail_msg("%s gave %s", rows[i].header, good ? read : "nothing");
    }
}

static void more_names_than_are_looked_at_do_no_harm(void **state)
{
    (void)state;
    char header[IDENTITY_MOST * 16] = "DNS=a";
    struct identity names[IDENTITY_MOST];
    size_t count;
    for (int i = 0; i < IDENTITY_MOST + 5; i++)
        memcpy(header + 5 + (size_t)i * 6, ";DNS=b", 6);
    assert_true(xfcc_read(text_of(header), names, &count));
    assert_int_equal(count, IDENTITY_MOST);
}

static void a_nul_byte_is_refused(void **state)
{
    (void)state;
    struct identity names[IDENTITY_MOST];
    size_t count;
    assert_false(xfcc_read(text_literal("URI=x://a/b\0"), names, &count));
    assert_false(xfcc_read(text_literal("URI=x://a\0/b"), names, &count));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_header_is_read_as_the_table_says),
        cmocka_unit_test(more_names_than_are_looked_at_do_no_harm),
        cmocka_unit_test(a_nul_byte_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
