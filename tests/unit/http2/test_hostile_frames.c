/* SPDX-License-Identifier: MIT */
/* Does a frame that is at fault end its stream alone, or the connection when its calls have ended?
 * The rows are those of docs/hostile.md. */
#include "hostile_play.h"

#include "base/banned.h"

int main(void)
{
    return run_rows(hostile_frames, hostile_frames_count);
}
