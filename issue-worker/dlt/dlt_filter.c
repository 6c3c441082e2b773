#include "issue-worker/dlt/dlt_filter.h"

#include <string.h>
#include <strings.h>

struct dlt_filter dlt_filter_any(void)
{
    return (struct dlt_filter){.since_ms = INT64_MIN, .until_ms = INT64_MAX};
}

bool dlt_filter_is_narrow(const struct dlt_filter *filter)
{
    return filter->ids.count > 0 || filter->coupon_id != 0 || filter->cause ||
           filter->since_ms != INT64_MIN || filter->until_ms != INT64_MAX;
}

static bool contains(struct dlt_bytes text, const char *part)
{
    size_t len = strlen(part);

    for (size_t i = 0; text.data && i + len <= text.len; i++)
        if (strncasecmp(text.data + i, part, len) == 0)
            return true;
    return false;
}

bool dlt_filter_takes(const struct dlt_filter *filter, const struct dlt_letter *letter)
{
    if (filter->ids.count > 0 && dlt_ids_find(&filter->ids, letter->partition, letter->offset) < 0)
        return false;
    if (filter->coupon_id && letter->coupon_id != filter->coupon_id)
        return false;
    if (filter->cause && !contains(letter->cause, filter->cause))
        return false;
    return letter->timestamp_ms >= filter->since_ms && letter->timestamp_ms < filter->until_ms;
}

bool dlt_filter_takes_state(const char *wanted, enum dlt_state state)
{
    if (strcmp(wanted, "all") == 0)
        return true;
    if (strcmp(wanted, "open") == 0)
        return dlt_state_is_open(state);
    return strcmp(wanted, dlt_state_name(state)) == 0;
}
