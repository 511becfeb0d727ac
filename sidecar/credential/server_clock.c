/* SPDX-License-Identifier: MIT */
#include "credential/server_clock.h"

#include <stdlib.h>

#include "base/banned.h"

bool server_clock_offset(const struct http_response *response, int64_t ago_ns, int64_t now_ns,
                         int64_t *offset_ns)
{
    int64_t date;
    if (http_response_field(response, text_literal("Age")).size > 0 ||
        !http_date(http_response_field(response, text_literal("Date")), &date) || date < 0 ||
        date > INT64_MAX / 2 / CLOCK_NS_PER_S)
        return false;
    /* A Date has whole seconds, and is half a second behind in the mean. */
    int64_t server_ns = date * CLOCK_NS_PER_S + CLOCK_NS_PER_S / 2;
    int64_t difference_ns = server_ns - (now_ns - ago_ns / 2);
    if (llabs(difference_ns) > SERVER_CLOCK_MOST_NS)
        return false;
    *offset_ns = llabs(difference_ns) < SERVER_CLOCK_LEAST_NS ? 0 : difference_ns;
    return true;
}
