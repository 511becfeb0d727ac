/* SPDX-License-Identifier: MIT */
#include "credential/refusal.h"

#include <string.h>

#include "base/compiler.h"

#include "base/banned.h"

static const struct {
    struct text words;
    enum metric_refusal verdict;
} rows[] = {
    {{"signature expired", 17}, METRIC_REFUSAL_CLOCK},
    {{"failed to reach the limit", 25}, METRIC_REFUSAL_PAUSE},
    {{"verify aksk signature fail", 26}, METRIC_REFUSAL_WRONG},
};

enum metric_refusal refusal_judge(struct text message)
{
    for (size_t i = 0; i < array_length(rows); i++)
        if (message.size > 0 &&
            memmem(message.data, message.size, rows[i].words.data, rows[i].words.size))
            return rows[i].verdict;
    return METRIC_REFUSAL_RENEW;
}
