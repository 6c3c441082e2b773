/* The query of the list of coupons: the filter that a second reading finds, and refused where that
 * refuses. */
#include <inttypes.h>
#include <string.h>

#include "api-gateway/handlers/admin_query.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_text.h"

static bool model_status(struct http_slice value, struct coupon_filter *filter)
{
    static const char *const names[] = {"DRAFT", "OPEN", "PAUSED", "CLOSED"};

    filter->any_status = false;
    for (int i = 0; i < 4; i++) {
        filter->status = (enum coupon_status)(COUPON_DRAFT + i);
        if (fuzz_same(value, names[i]))
            return true;
    }
    return false;
}

static bool model_filter(struct http_slice query, struct coupon_filter *filter)
{
    struct http_slice value;
    uint64_t limit = ADMIN_QUERY_LIMIT;
    size_t status = fuzz_query(query, "status", &value);
    size_t limits, cursors;

    *filter = (struct coupon_filter){.any_status = true};
    if (status > 0 && !model_status(value, filter))
        return false;
    limits = fuzz_query(query, "limit", &value);
    if (limits > 0 && !fuzz_decimal(value, false, 1, ADMIN_QUERY_LIMIT_MAX, &limit))
        return false;
    cursors = fuzz_query(query, "cursor", &value);
    if (cursors > 0 && !fuzz_decimal(value, false, 1, INT64_MAX, &filter->after_id))
        return false;
    filter->limit = (unsigned)limit;
    return status <= 1 && limits <= 1 && cursors <= 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char *query = fuzz_copy((struct http_slice){(const char *)bytes, size});
    struct http_request request = {.query = {query, size}};
    struct coupon_filter filter, expected;
    const char *problem = admin_query_read(&request, &filter);
    bool good = model_filter(request.query, &expected);

    EXPECT((problem == NULL) == good, "%s", problem != NULL ? problem : "taken");
    if (good)
        EXPECT(filter.any_status == expected.any_status &&
                   (filter.any_status || filter.status == expected.status) &&
                   filter.limit == expected.limit && filter.after_id == expected.after_id,
               "status %d, limit %u, after %" PRIu64, (int)filter.status, filter.limit,
               filter.after_id);
    free(query);
    return 0;
}
