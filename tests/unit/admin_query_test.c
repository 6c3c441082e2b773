/* What a page of coupons is asked for with: defaults, bounds, and a text for each mistake. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "api-gateway/handlers/admin_query.h"

static const char *query(const char *text, struct coupon_filter *filter)
{
    static struct http_request request;

    memset(filter, 0x55, sizeof *filter);
    request.query = (struct http_slice){text, strlen(text)};
    return admin_query_read(&request, filter);
}

static void what_is_given_is_read(void **state)
{
    static const struct {
        const char *text;
        int status; /* 0: any */
        unsigned int limit;
        uint64_t after_id;
    } table[] = {
        {"", 0, 50, 0},
        {"other=1&other=2", 0, 50, 0},
        {"limit=1", 0, 1, 0},
        {"limit=200", 0, 200, 0},
        {"cursor=1", 0, 50, 1},
        {"cursor=9223372036854775807", 0, 50, INT64_MAX},
        {"status=DRAFT", COUPON_DRAFT, 50, 0},
        {"status=OPEN", COUPON_OPEN, 50, 0},
        {"status=PAUSED", COUPON_PAUSED, 50, 0},
        {"cursor=17&status=CLOSED&limit=3", COUPON_CLOSED, 3, 17},
    };
    struct coupon_filter filter;

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        const char *wrong = query(table[i].text, &filter);

        if (wrong)
            fail_msg("%s was refused: %s", table[i].text, wrong);
        assert_int_equal(filter.any_status, table[i].status == 0);
        if (table[i].status != 0)
            assert_int_equal(filter.status, table[i].status);
        assert_int_equal(filter.limit, table[i].limit);
        assert_true(filter.after_id == table[i].after_id);
    }
}

static void mistakes_are_named(void **state)
{
    static const struct {
        const char *text, *member;
    } table[] = {
        {"limit=0", "limit"},
        {"limit=201", "limit"},
        {"limit=18446744073709551617", "limit"},
        {"limit=-1", "limit"},
        {"limit=1x", "limit"},
        {"limit=%31", "limit"},
        {"limit=", "limit"},
        {"limit", "limit"},
        {"cursor=0", "cursor"},
        {"cursor=9223372036854775808", "cursor"},
        {"cursor=a", "cursor"},
        {"cursor=", "cursor"},
        {"status=open", "status"},
        {"status=OPENED", "status"},
        {"status=OPE", "status"},
        {"status=", "status"},
        {"status=OPEN&status=OPEN", "once"},
        {"limit=1&limit=1", "once"},
        {"cursor=1&cursor=1", "once"},
    };
    struct coupon_filter filter;

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        const char *wrong = query(table[i].text, &filter);

        if (!wrong || !strstr(wrong, table[i].member))
            fail_msg("%s: %s", table[i].text, wrong ? wrong : "was taken");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_given_is_read),
        cmocka_unit_test(mistakes_are_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
