/* SPDX-License-Identifier: MIT */
#include "base/unicode.h"

#include <stdlib.h>
#include <utf8proc.h>

#include "base/memory.h"

#include "base/banned.h"

/* Normalisation form D, to be freed; {NULL, 0} when the text is not UTF-8. */
static struct text decompose(struct text text)
{
    utf8proc_uint8_t *made = NULL;
    utf8proc_ssize_t size =
        utf8proc_map((const utf8proc_uint8_t *)text.data, (utf8proc_ssize_t)text.size, &made,
                     UTF8PROC_STABLE | UTF8PROC_DECOMPOSE);
    if (size == UTF8PROC_ERROR_NOMEM)
        memory_expect(NULL);
    return size < 0 ? (struct text){NULL, 0} : (struct text){(const char *)made, (size_t)size};
}

static void discard(struct text text)
{
    free((void *)(uintptr_t)text.data);
}

bool unicode_equal(struct text a, struct text b)
{
    if (text_equal(a, b))
        return true;
    if (a.size == 0 || b.size == 0)
        return false;
    struct text decomposed_a = decompose(a), decomposed_b = decompose(b);
    bool equal = decomposed_a.data && decomposed_b.data && text_equal(decomposed_a, decomposed_b);
    discard(decomposed_a);
    discard(decomposed_b);
    return equal;
}
