/* What the calls about a user's coupons are told: ids and amounts exact, one user in all places, a
 * sentence for everything else; and a cursor is what was given out. */
#include <stdbool.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "api-gateway/handlers/use_body.h"
#include "api-gateway/handlers/user_coupon_query.h"

#define ORDER_64 "0123456789012345678901234567890123456789012345678901234567890123"

static struct http_slice slice(const char *text)
{
    return (struct http_slice){text, strlen(text)};
}

static struct http_request request_of(const char *issue_no, const char *query, const char *body)
{
    return (struct http_request){
        .params = {slice("1"), slice(issue_no)},
        .param_count = 2,
        .query = slice(query),
        .body = slice(body),
    };
}

static void a_use_is_read(void **state)
{
    static const struct {
        const char *issue_no, *query, *body;
        uint32_t number;
        uint64_t user_id;
        const char *order_id;
        int64_t amount;
    } table[] = {
        {"7", "", "{\"orderId\":\"O-1\",\"orderAmount\":50000}", 7, 0, "O-1", 50000},
        {"4294967295", "userId=16", "{\"orderId\":\"O-1\",\"orderAmount\":1}", UINT32_MAX, 16,
         "O-1", 1},
        {"7", "", "{\"userId\":16,\"orderId\":1001,\"orderAmount\":9223372036854775807}", 7, 16,
         "1001", INT64_MAX},
        {"7", "userId=16", "{\"userId\":16,\"orderId\":\"~!\",\"orderAmount\":2,\"more\":[]}", 7,
         16, "~!", 2},
        {"7", "", "{\"orderId\":\"" ORDER_64 "\",\"orderAmount\":3,\"userId\":null}", 7, 0,
         ORDER_64, 3},
    };

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct http_request request = request_of(table[i].issue_no, table[i].query, table[i].body);
        struct user_coupon_wish wish;
        char text[256] = "";

        if (use_body_read(&request, USE_BODY_USE, &wish, text, sizeof text) != USE_BODY_OK)
            fail_msg("row %zu was refused: %s", i, text);
        assert_true(wish.coupon_id == 1 && wish.issue_no == table[i].number);
        assert_true(wish.user_id == table[i].user_id && wish.order_amount == table[i].amount);
        assert_string_equal(wish.order_id, table[i].order_id);
        assert_int_equal(use_body_read(&request, USE_BODY_CANCEL, &wish, text, sizeof text),
                         USE_BODY_OK);
    }
}

static void mistakes_are_named(void **state)
{
    static const struct {
        const char *issue_no, *query, *body, *said;
        bool not_json;
    } table[] = {
        {"0", "", "{}", "issueNo", false},
        {"4294967296", "", "{}", "issueNo", false},
        {"07", "", "{}", "issueNo", false},
        {"7", "userId=0", "{}", "userId in the query", false},
        {"7", "userId=1&userId=1", "{}", "userId in the query", false},
        {"7", "", "", "empty", true},
        {"7", "", "{\"orderId\":\"O\"", "too early", true},
        {"7", "", "[]", "an array", false},
        {"7", "", "{}", "orderId is missing", false},
        {"7", "", "{\"orderId\":\"\",\"orderAmount\":1}", "orderId", false},
        {"7", "", "{\"orderId\":\"a b\",\"orderAmount\":1}", "orderId", false},
        {"7", "", "{\"orderId\":\"\\u00e9\",\"orderAmount\":1}", "orderId", false},
        {"7", "", "{\"orderId\":\"" ORDER_64 "4\",\"orderAmount\":1}", "orderId", false},
        {"7", "", "{\"orderId\":-1,\"orderAmount\":1}", "orderId", false},
        {"7", "", "{\"orderId\":1.0,\"orderAmount\":1}", "orderId", false},
        {"7", "", "{\"orderId\":\"O\"}", "orderAmount", false},
        {"7", "", "{\"orderId\":\"O\",\"orderAmount\":0}", "orderAmount", false},
        {"7", "", "{\"orderId\":\"O\",\"orderAmount\":-5}", "orderAmount", false},
        {"7", "", "{\"orderId\":\"O\",\"orderAmount\":\"5\"}", "orderAmount", false},
        {"7", "", "{\"orderId\":\"O\",\"orderAmount\":5.0}", "orderAmount", false},
        {"7", "", "{\"orderId\":\"O\",\"orderAmount\":9223372036854775808}", "out of range", false},
        {"7", "", "{\"orderId\":\"O\",\"orderAmount\":5,\"userId\":\"1\"}", "userId", false},
        {"7", "userId=2", "{\"orderId\":\"O\",\"orderAmount\":5,\"userId\":1}", "differs", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct http_request request = request_of(table[i].issue_no, table[i].query, table[i].body);
        struct user_coupon_wish wish;
        char text[256] = "";

        assert_int_equal(use_body_read(&request, USE_BODY_USE, &wish, text, sizeof text),
                         table[i].not_json ? USE_BODY_NOT_JSON : USE_BODY_INVALID);
        if (!strstr(text, table[i].said))
            fail_msg("row %zu: \"%s\" says nothing of %s", i, text, table[i].said);
    }
}

static const char *query(const char *text, struct user_coupon_filter *filter)
{
    static struct http_request request;

    request.params[0] = slice("16");
    request.query = slice(text);
    return user_coupon_query_read(&request, filter);
}

static void a_page_is_asked_for(void **state)
{
    static const char *const wrong[] = {
        "status=issued",
        "status=",
        "status=DRAFT",
        "limit=0",
        "limit=101",
        "limit=x",
        "limit=",
        "cursor=",
        "cursor=1",
        "limit=1&limit=1",
        "status=USED&status=USED",
        "cursor=AAAAAAAAAAAAAAAA", /* couponId 0 */
        "cursor=AAAAAAAAAAEAAAAA", /* userSeq 0 */
        "cursor=__________8AAAAB", /* couponId beyond INT64_MAX */
        "cursor=AAAAAAAAAAEAAAA+", /* not of the URL's alphabet */
    };
    struct user_coupon_filter filter;

    (void)state;
    assert_null(query("", &filter));
    assert_true(filter.user_id == 16 && filter.any_status && filter.limit == 20);
    assert_true(filter.after.coupon_id == 0);
    assert_null(query("limit=100&status=REVOKED", &filter));
    assert_true(!filter.any_status && filter.status == USER_COUPON_REVOKED && filter.limit == 100);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        if (!query(wrong[i], &filter))
            fail_msg("%s was taken", wrong[i]);
}

static void a_cursor_comes_back_as_it_was(void **state)
{
    static const struct user_coupon_cursor table[] = {
        {1, 1}, {INT64_MAX, UINT32_MAX}, {UINT64_C(0x0102030405060708), 0x090a0b0c}};

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        char text[USER_COUPON_CURSOR_SIZE];
        char asked[64] = "cursor=";
        struct user_coupon_filter filter;

        user_coupon_cursor_format(&table[i], text);
        assert_int_equal(strlen(text), USER_COUPON_CURSOR_SIZE - 1);
        assert_null(query(strcat(asked, text), &filter));
        assert_true(filter.after.coupon_id == table[i].coupon_id &&
                    filter.after.user_seq == table[i].user_seq);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_use_is_read),
        cmocka_unit_test(mistakes_are_named),
        cmocka_unit_test(a_page_is_asked_for),
        cmocka_unit_test(a_cursor_comes_back_as_it_was),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
