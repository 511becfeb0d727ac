/* SPDX-License-Identifier: MIT */
/* Does a stream whose header block is at fault end alone? The rows are those of docs/hostile.md. */
#include "hostile_play.h"

#include "base/banned.h"

int main(void)
{
    return run_rows(hostile_headers, hostile_headers_count);
}
