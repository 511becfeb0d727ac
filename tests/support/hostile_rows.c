/* SPDX-License-Identifier: MIT */
/* hostile_rows: prints each row as a line of its name, outcome, code, stream and bytes in
 * hexadecimal digits, with tabs between them. */
#include <stdio.h>

#include "hostile_row.h"

#include "base/banned.h"

static const char *const outcomes[] = {
    [SERVED] = "SERVED",   [STATUS] = "STATUS",         [RESET] = "RESET",
    [PENDING] = "PENDING", [CONNECTION] = "CONNECTION",
};

static void print_row(const struct row *row)
{
    struct output bytes = {0};
    put_row(&bytes, row);
    printf("%s\t%s\t%u\t%u\t", row->name, outcomes[row->outcome], row->code, row_stream(row));
    for (size_t i = 0; i < bytes.size; i++)
        printf("%02x", bytes.data[i]);
    printf("\n");
    output_clear(&bytes);
}

int main(void)
{
    for (size_t i = 0; i < hostile_headers_count; i++)
        print_row(&hostile_headers[i]);
    for (size_t i = 0; i < hostile_frames_count; i++)
        print_row(&hostile_frames[i]);
    return 0;
}
