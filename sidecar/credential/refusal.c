/* SPDX-License-Identifier: MIT */
#include "credential/refusal.h"

#include <string.h>

#include "base/compiler.h"

#include "base/banned.h"

static const struct {
    struct text words;
    enum metric_credential_verdict verdict;
} rows[] = {
    {{"signature expired", 17}, METRIC_CREDENTIAL_VERDICT_CLOCK},
    {{"failed to reach the limit", 25}, METRIC_CREDENTIAL_VERDICT_PAUSE},
    {{"verify aksk signature fail", 26}, METRIC_CREDENTIAL_VERDICT_WRONG},
};

enum metric_credential_verdict refusal_judge(struct text message)
{
    for (size_t i = 0; i < array_length(rows); i++)
        if (message.size > 0 &&
            memmem(message.data, message.size, rows[i].words.data, rows[i].words.size))
            return rows[i].verdict;
    return METRIC_CREDENTIAL_VERDICT_RENEW;
}
