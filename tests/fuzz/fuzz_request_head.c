/* SPDX-License-Identifier: MIT */
/*
 * Can any head of a request be read in two ways? One that is accepted is written anew of what was
 * read, which is the same head to the reader; bytes behind it change nothing, and none of its
 * beginnings is a head.
 */
#include <assert.h>
#include <stdint.h>
#include <stdio.h>

#include "http/request_head.h"

#include "base/banned.h"

static bool is_same(const struct http_head *a, const struct http_head *b)
{
    return text_equal(a->method, b->method) && text_equal(a->path, b->path) &&
           text_equal(a->query, b->query) && text_equal(a->accept, b->accept) &&
           a->body_bytes == b->body_bytes;
}

static void check_written(const struct http_head *head)
{
    static char written[16384];
    struct http_head again;
    int size = snprintf(written, sizeof written,
                        "%.*s %.*s%s%.*s HTTP/1.1\r\nAccept: %.*s\r\nContent-Length: %zu\r\n\r\n",
                        text_arguments(head->method), text_arguments(head->path),
                        head->query.size ? "?" : "", text_arguments(head->query),
                        text_arguments(head->accept), head->body_bytes);
    struct text bytes = {written, (size_t)size};
    unsigned refusal = http_head_read(bytes, &again);
    assert(refusal == 0 && is_same(head, &again));
    for (size_t cut = 0; cut < bytes.size; cut++)
        assert(http_head_read((struct text){written, cut}, &again) != 0);
}

/* Several lengths of one body are one, or are refused. */
static void check_lengths(struct text bytes, const struct http_head *head)
{
    static const char end[] = "Content-Length: 7\r\n\r\n";
    static char more[8192];
    struct http_head again;
    memcpy(more, bytes.data, bytes.size - 2);
    memcpy(more + bytes.size - 2, end, sizeof end - 1);
    unsigned refusal = http_head_read((struct text){more, bytes.size - 2 + sizeof end - 1}, &again);
    assert((refusal == 0) == (!head->has_length || head->body_bytes == 7));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text bytes = {(const char *)data, size};
    struct http_head head;
    if (size > 4096)
        return 0;
    unsigned refusal = http_head_read(bytes, &head);
    assert(refusal == 0 || refusal == 400 || refusal == 411 || refusal == 505);
    if (refusal != 0)
        return 0;
    if (!head.accept.size || !memchr(head.accept.data, '\0', head.accept.size))
        check_written(&head);
    const char *end = memmem(data, size, "\r\n\r\n", 4);
    assert(end);
    check_lengths((struct text){bytes.data, (size_t)(end - bytes.data) + 4}, &head);
    return 0;
}
