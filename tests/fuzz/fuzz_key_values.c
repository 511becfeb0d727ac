/* SPDX-License-Identifier: MIT */
/*
 * Is a file of access keys read within its bounds, whatever is in it? A text that was read is part
 * of the file and can be sent in a field, and what is written from it again reads as the same.
 */
#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "credential/key_values.h"

#include "base/banned.h"

static bool lies_in(struct text text, struct text file)
{
    return text.size == 0 ||
           (text.data >= file.data && text.data + text.size <= file.data + file.size);
}

static void check_value(struct text text, struct text file)
{
    assert(lies_in(text, file));
    for (size_t i = 0; i < text.size; i++)
        assert(text.data[i] > ' ' && text.data[i] <= '~' && text.data[i] != ',');
}

/* In another order, form and case. */
static void check_round_trip(const struct issued *issued)
{
    static char file[2 * KEY_INI_BYTES];
    struct issued again;
    struct status status;
    int size = snprintf(file, sizeof file,
                        "[other]\nsk=x\n[basic]\nProject_Id:%.*s\nSECURITY_TOKEN = %.*s\nsk=%.*s\n"
                        "# ak = x\n\tak\t:\t%.*s",
                        text_arguments(issued->project), text_arguments(issued->security),
                        text_arguments(issued->secret), text_arguments(issued->access));
    assert(size > 0 && (size_t)size < sizeof file);
    bool good = key_values_parse((struct text){file, (size_t)size}, &again, &status);
    assert(good);
    assert(text_equal(again.access, issued->access) && text_equal(again.secret, issued->secret));
    assert(text_equal(again.security, issued->security));
    assert(text_equal(again.project, issued->project));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text file = {(const char *)data, size};
    struct issued issued;
    struct status status;
    if (size > KEY_INI_BYTES)
        return 0;
    if (!key_values_parse(file, &issued, &status)) {
        assert(status.code == STATUS_UNAVAILABLE);
        return 0;
    }
    assert(issued.kind == ISSUED_KEY && issued.access.size > 0 && issued.secret.size > 0);
    const struct text values[] = {issued.access, issued.secret, issued.security, issued.project};
    for (size_t i = 0; i < array_length(values); i++)
        check_value(values[i], file);
    check_round_trip(&issued);
    return 0;
}
