#include "common/contract/policy.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/check.h"
#include "common/contract/coupon_reading.h"
#include "common/contract/coupon_rules.h"

static const char *const members[] = {
    "policyId",          "name",           "windows",
    "perUserLimit",      "discountType",   "discountValue",
    "maxDiscountAmount", "minOrderAmount", "validUntil",
    "validForSeconds",   "status",
};

static const char *const window_members[] = {"startsAt", "endsAt", "totalStock"};

#define NOT_GIVEN (-1)

/* What all windows have in common. */
static bool read_common(const struct coupon_reading *reading, struct coupon *common)
{
    if (!coupon_reading_known(reading, "a policy", members, sizeof members / sizeof members[0]) ||
        !coupon_reading_name(reading, common) ||
        !coupon_reading_id(reading, "policyId", &common->policy_id) ||
        !coupon_reading_user_limit(reading, common) || !coupon_reading_discount(reading, common) ||
        !coupon_reading_validity(reading, common) || !coupon_reading_status(reading, common))
        return false;
    return common->name[0] != '\0' || coupon_reading_fail(reading, "name is required");
}

static bool read_window(const struct coupon_reading *reading, struct coupon *window)
{
    window->issue_starts_at_ms = window->issue_ends_at_ms = NOT_GIVEN;
    if (!coupon_reading_known(reading, "a window", window_members, 3) ||
        !coupon_reading_time(reading, "startsAt", &window->issue_starts_at_ms) ||
        !coupon_reading_time(reading, "endsAt", &window->issue_ends_at_ms) ||
        !coupon_reading_stock(reading, window))
        return false;
    if (window->issue_starts_at_ms == NOT_GIVEN || window->issue_ends_at_ms == NOT_GIVEN ||
        window->total_stock == 0)
        return coupon_reading_fail(reading, "startsAt, endsAt and totalStock are required");
    return window->issue_starts_at_ms < window->issue_ends_at_ms ||
           coupon_reading_fail(reading, "endsAt must be after startsAt");
}

static bool read_windows(const struct coupon_reading *reading, const struct coupon *common,
                         struct policy *policy)
{
    enum json_field field;
    size_t count;
    const struct json_t *array = json_get_array(reading->body, "windows", &count, &field);

    if (field != JSON_FIELD_PRESENT || count < 1 || count > POLICY_WINDOWS_MAX)
        return coupon_reading_fail(reading, "windows must be an array of 1 to %d windows",
                                   POLICY_WINDOWS_MAX);
    policy->windows = calloc(count, sizeof *policy->windows);
    CHECK(policy->windows, "out of memory");
    for (size_t i = 0; i < count; i++) {
        char wrong[256] = "it is no object";
        struct coupon_reading window = {json_array_object(array, i), wrong, sizeof wrong};
        const char *unfit;

        policy->windows[i] = *common;
        if (!window.body || !read_window(&window, &policy->windows[i]))
            return coupon_reading_fail(reading, "windows[%zu]: %s", i, wrong);
        unfit = coupon_rules_check(&policy->windows[i]);
        if (unfit)
            return coupon_reading_fail(reading, "windows[%zu]: %s", i, unfit);
    }
    policy->window_count = count;
    return true;
}

static int compare_starts(const void *left, const void *right)
{
    const struct coupon *a = left;
    const struct coupon *b = right;

    return a->issue_starts_at_ms < b->issue_starts_at_ms
               ? -1
               : a->issue_starts_at_ms > b->issue_starts_at_ms;
}

static bool sort_windows(const struct coupon_reading *reading, struct policy *policy)
{
    struct coupon *windows = policy->windows;

    qsort(windows, policy->window_count, sizeof *windows, compare_starts);
    for (size_t i = 1; i < policy->window_count; i++)
        if (windows[i].issue_starts_at_ms < windows[i - 1].issue_ends_at_ms)
            return coupon_reading_fail(reading,
                                       "windows must not overlap: in the order of their "
                                       "starts, number %zu begins before number %zu ends",
                                       i + 1, i);
    return true;
}

bool policy_decode(const char *bytes, size_t len, struct policy *policy, bool *not_json,
                   char *error, size_t error_size)
{
    struct coupon_reading reading = {NULL, error, error_size};
    struct coupon common;
    bool good;

    *policy = (struct policy){0};
    if (!coupon_reading_start(&reading, bytes, len, not_json))
        return false;
    coupon_set_defaults(&common, 0);
    good = read_common(&reading, &common) && read_windows(&reading, &common, policy) &&
           sort_windows(&reading, policy);
    json_free(reading.body);
    if (!good)
        return false;
    policy->policy_id = common.policy_id;
    memcpy(policy->name, common.name, sizeof policy->name);
    return true;
}

void policy_encode(const struct policy *policy, struct strbuf *out)
{
    strbuf_addf(out, "{\"policyId\":%" PRIu64 ",\"name\":", policy->policy_id);
    strbuf_add_json_string(out, policy->name, strlen(policy->name));
    strbuf_add_text(out, ",\"windows\":[");
    for (size_t i = 0; i < policy->window_count; i++) {
        if (i > 0)
            strbuf_add(out, ",", 1);
        coupon_encode(&policy->windows[i], out);
    }
    strbuf_add_text(out, "]}");
}

void policy_free(struct policy *policy)
{
    free(policy->windows);
    *policy = (struct policy){0};
}
