/* Who wants which coupon, told in any of the ways that clients tell it: ids exact, the same id in
 * two places the same, everything else refused with a sentence that names it. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "api-gateway/handlers/issue_body.h"

#define MAX_TEXT "9223372036854775807"

static struct http_slice slice(const char *text)
{
    return (struct http_slice){text, strlen(text)};
}

static struct http_request request_of(const char *param, const char *query, const char *body)
{
    return (struct http_request){
        .method = HTTP_METHOD_POST,
        .params = {slice(param)},
        .param_count = 1,
        .query = slice(query),
        .body = slice(body),
    };
}

static void every_path_tells_both_ids(void **state)
{
    static const struct {
        enum issue_path path;
        const char *param, *query, *body;
        uint64_t coupon_id, user_id;
    } rows[] = {
        /* POST /api/v1/coupons/{couponId}/issue, POST /coupons/{id}/issue */
        {ISSUE_PATH_COUPON, "1", "", "{\"userId\":16}", 1, 16},
        {ISSUE_PATH_COUPON, "1", "", "{\"userId\": 16}", 1, 16},
        {ISSUE_PATH_COUPON, "1", "", " {\n\t\"userId\" : 16 }\r\n", 1, 16},
        {ISSUE_PATH_COUPON, "1", "", "{\"userId\":16,\"couponId\":1}", 1, 16},
        {ISSUE_PATH_COUPON, "1", "", "{\"couponId\":1,\"userId\":16}", 1, 16},
        {ISSUE_PATH_COUPON, "1", "", "{\"userId\":16,\"couponId\":null,\"note\":[{}]}", 1, 16},
        {ISSUE_PATH_COUPON, MAX_TEXT, "", "{\"userId\":" MAX_TEXT "}", INT64_MAX, INT64_MAX},
        {ISSUE_PATH_COUPON, MAX_TEXT, "", "{ \"userId\":" MAX_TEXT "}", INT64_MAX, INT64_MAX},
        {ISSUE_PATH_COUPON, "9223372036854775806", "", "{\"userId\":9007199254740993}",
         INT64_MAX - 1, INT64_C(9007199254740993)},
        /* POST /api/coupons/{id}/issue?userId=N */
        {ISSUE_PATH_COUPON, "1", "userId=16", "", 1, 16},
        {ISSUE_PATH_COUPON, "1", "userId=" MAX_TEXT, "", 1, INT64_MAX},
        {ISSUE_PATH_COUPON, "1", "a=b&userId=16&userid=17", "{}", 1, 16},
        {ISSUE_PATH_COUPON, "1", "userId=16", "{\"userId\":16}", 1, 16},
        {ISSUE_PATH_COUPON, "1", "userId=16", "{\"userId\":null}", 1, 16},
        /* POST /api/v1/users/{userId}/coupons/publish */
        {ISSUE_PATH_USER, "16", "", "{\"couponId\":1}", 1, 16},
        {ISSUE_PATH_USER, "16", "", "{\"couponId\":1,\"userId\":16}", 1, 16},
        {ISSUE_PATH_USER, "16", "userId=16", "{\"couponId\":" MAX_TEXT "}", INT64_MAX, 16},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct http_request request = request_of(rows[i].param, rows[i].query, rows[i].body);
        struct issue_wish wish;
        char text[200] = "";
        enum issue_body_fault fault =
            issue_body_read(&request, rows[i].path, 0, &wish, text, sizeof text);

        if (fault != ISSUE_BODY_OK || wish.coupon_id != rows[i].coupon_id ||
            wish.user_id != rows[i].user_id || wish.key != NULL)
            fail_msg("row %zu: expected coupon %" PRIu64 ", user %" PRIu64 "; saw fault %d (%s), "
                     "%" PRIu64 ", %" PRIu64,
                     i, rows[i].coupon_id, rows[i].user_id, fault, text, wish.coupon_id,
                     wish.user_id);
    }
}

static void a_policy_is_named_where_no_coupon_is(void **state)
{
    static const struct {
        enum issue_path path;
        const char *param, *body;
        uint64_t coupon_id, policy_id, user_id;
    } rows[] = {
        /* POST /api/v1/policies/{policyId}/issue */
        {ISSUE_PATH_POLICY, "7", "{\"userId\":16}", 0, 7, 16},
        {ISSUE_PATH_POLICY, MAX_TEXT, "{\"policyId\":" MAX_TEXT ",\"userId\":16}", 0, INT64_MAX,
         16},
        {ISSUE_PATH_POLICY, "7", "{\"userId\":16,\"couponId\":1}", 0, 7, 16},
        /* POST /api/v1/policies/issue */
        {ISSUE_PATH_NONE, "", "{\"policyId\":1,\"userId\":2,\"issuedAt\":\"x\"}", 0, 1, 2},
        /* POST /api/v1/users/{userId}/coupons/publish */
        {ISSUE_PATH_USER, "16", "{\"policyId\":7}", 0, 7, 16},
        {ISSUE_PATH_USER, "16", "{\"policyId\":7,\"couponId\":1}", 1, 0, 16},
        {ISSUE_PATH_COUPON, "1", "{\"policyId\":7,\"userId\":16}", 1, 0, 16},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct http_request request = request_of(rows[i].param, "", rows[i].body);
        struct issue_wish wish;
        char text[200] = "";
        enum issue_body_fault fault =
            issue_body_read(&request, rows[i].path, 0, &wish, text, sizeof text);

        if (fault != ISSUE_BODY_OK || wish.coupon_id != rows[i].coupon_id ||
            wish.policy_id != rows[i].policy_id || wish.user_id != rows[i].user_id)
            fail_msg("row %zu: fault %d (%s), coupon %" PRIu64 ", policy %" PRIu64
                     ", user %" PRIu64,
                     i, fault, text, wish.coupon_id, wish.policy_id, wish.user_id);
    }
}

static void expect_fault(enum issue_path path, const char *param, const char *query,
                         const char *body, enum issue_body_fault expected, const char *part)
{
    struct http_request request = request_of(param, query, body);
    struct issue_wish wish;
    char text[200] = "";
    enum issue_body_fault fault = issue_body_read(&request, path, 0, &wish, text, sizeof text);

    if (fault != expected)
        fail_msg("%s ? %s %s: expected fault %d, saw %d (%s)", param, query, body, expected, fault,
                 text);
    if (strstr(text, part) == NULL)
        fail_msg("%s ? %s %s: expected \"…%s…\", saw \"%s\"", param, query, body, part, text);
}

static void a_wrong_id_in_the_path_is_refused(void **state)
{
    static const char *const ids[] = {
        "", "0", "01", "-1", "+1", "1 ", "1.0", "%31", "0x10", "9223372036854775808", "a"};

    (void)state;
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        expect_fault(ISSUE_PATH_COUPON, ids[i], "", "{\"userId\":16}", ISSUE_BODY_INVALID, "path");
        expect_fault(ISSUE_PATH_USER, ids[i], "", "{\"couponId\":1}", ISSUE_BODY_INVALID, "path");
    }
}

static void policies_have_their_faults(void **state)
{
    (void)state;
    expect_fault(ISSUE_PATH_POLICY, "x", "", "{\"userId\":1}", ISSUE_BODY_INVALID, "path");
    expect_fault(ISSUE_PATH_POLICY, "7", "", "{\"userId\":1,\"policyId\":8}", ISSUE_BODY_INVALID,
                 "policyId in the body differs");
    expect_fault(ISSUE_PATH_NONE, "", "", "{\"userId\":1,\"policyId\":0}", ISSUE_BODY_INVALID,
                 "policyId must be");
    expect_fault(ISSUE_PATH_NONE, "", "", "{\"userId\":1,\"couponId\":1}", ISSUE_BODY_INVALID,
                 "policyId is missing");
    expect_fault(ISSUE_PATH_USER, "1", "", "{}", ISSUE_BODY_INVALID, "couponId is missing");
}

static void a_wrong_userid_in_the_query_is_refused(void **state)
{
    static const char *const queries[] = {"userId=",
                                          "userId",
                                          "userId=0",
                                          "userId=016",
                                          "userId=16.0",
                                          "userId=-1",
                                          "userId=a",
                                          "userId=1%36",
                                          "userId=9223372036854775808",
                                          "userId=16&userId=16",
                                          "userId=16&a=b&userId=17"};

    (void)state;
    for (size_t i = 0; i < sizeof queries / sizeof queries[0]; i++)
        expect_fault(ISSUE_PATH_COUPON, "1", queries[i], "", ISSUE_BODY_INVALID, "query");
    expect_fault(ISSUE_PATH_USER, "16", "userId=17", "{\"couponId\":1}", ISSUE_BODY_INVALID,
                 "query");
}

static void a_body_that_is_not_json_is_refused(void **state)
{
    static const char *const bodies[] = {
        " ",
        "{",
        "}",
        "{\"userId\":16",
        "{\"userId\":16}}",
        "{\"userId\":16} x",
        "{userId:16}",
        "{'userId':16}",
        "{\"userId\":16,}",
        "{\"userId\":016}",
        "{\"userId\":+16}",
        "{\"userId\":}",
        "{\"userId\": }",
        "{\"userId\":16}\"}",
        "userId=16",
        "\xff",
        "{\"userId\":16,\"a\":\"\x01\"}",
        "{\"userId\":1 6}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++)
        expect_fault(ISSUE_PATH_COUPON, "1", "", bodies[i], ISSUE_BODY_NOT_JSON, "");
}

static void a_body_of_another_shape_is_refused(void **state)
{
    static const struct {
        const char *body, *part;
    } rows[] = {
        {"[]", ""},
        {"16", ""},
        {"\"userId\"", ""},
        {"null", ""},
        {"[{\"userId\":16}]", ""},
        {"{\"userId\":16,\"userId\":16}", ""}, /* twice, even if the same */
        {"{\"userId\":99999999999999999999}", ""},
        {"{\"userId\":9223372036854775808}", ""},
        {"{\"userId\":0}", "userId"},
        {"{\"userId\":-1}", "userId"},
        {"{\"userId\":16.0}", "userId"},
        {"{\"userId\":1e3}", "userId"},
        {"{\"userId\":\"16\"}", "userId"},
        {"{\"userId\":true}", "userId"},
        {"{\"userId\":[16]}", "userId"},
        {"{\"userId\":{}}", "userId"},
        {"{\"userId\":16,\"couponId\":\"1\"}", "couponId"},
        {"{\"userId\":16,\"couponId\":2}", "couponId in the body differs"},
        {"{}", "userId is missing"},
        {"{\"userID\":16}", "userId is missing"},
        {"{\"userId\":null}", "userId is missing"},
        {"", "userId is missing"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        expect_fault(ISSUE_PATH_COUPON, "1", "", rows[i].body, ISSUE_BODY_INVALID, rows[i].part);
    expect_fault(ISSUE_PATH_COUPON, "1", "userId=16", "{\"userId\":17}", ISSUE_BODY_INVALID,
                 "userId in the body differs");
    expect_fault(ISSUE_PATH_COUPON, "1", "userId=16", "{ \"userId\":17}", ISSUE_BODY_INVALID,
                 "userId in the body differs");
    expect_fault(ISSUE_PATH_USER, "16", "", "{\"userId\":17}", ISSUE_BODY_INVALID,
                 "userId in the body differs");
    expect_fault(ISSUE_PATH_USER, "16", "", "{}", ISSUE_BODY_INVALID, "couponId is missing");
    expect_fault(ISSUE_PATH_USER, "16", "", "", ISSUE_BODY_INVALID, "couponId is missing");
}

/* The key that is read from this field value; NULL: refused. Valid until the next call. */
static const char *read_key(const char *field)
{
    static char key[400];
    struct http_request request = request_of("1", "", "{\"userId\":16}");
    struct issue_wish wish;
    char text[200] = "";

    request.fields[0] = (struct http_field){slice("content-type"), slice("application/json")};
    request.fields[1] = (struct http_field){slice("idempotency-key"), slice(field)};
    request.field_count = 2;
    if (issue_body_read(&request, ISSUE_PATH_COUPON, 0, &wish, text, sizeof text) !=
        ISSUE_BODY_OK) {
        if (strstr(text, "Idempotency-Key") == NULL)
            fail_msg("\"%s\" is refused with \"%s\"", field, text);
        return NULL;
    }
    snprintf(key, sizeof key, "%.*s", (int)wish.key_len, wish.key);
    return key;
}

static void an_idempotency_key_is_a_string_or_a_token(void **state)
{
    static const struct {
        const char *field, *key;
    } rows[] = {
        {"abc", "abc"},
        {"\"abc\"", "abc"},
        {"\"a\"", "a"},
        {"8e03978e-40d5-43dd-bc93-6894a57f9324", "8e03978e-40d5-43dd-bc93-6894a57f9324"},
        {"!#$%&'()*+,-./:;<=>?@[]^_`{|}~", "!#$%&'()*+,-./:;<=>?@[]^_`{|}~"},
        {"", NULL},
        {"\"", NULL},
        {"\"\"", NULL},
        {"\"a", NULL},
        {"a\"", NULL},
        {"a b", NULL},
        {"\"a b\"", NULL},
        {"a\\b", NULL},
        {"a\"b", NULL},
        {"\"a\"b\"", NULL},
        {"a\tb", NULL},
        {"a\x7f", NULL},
        {"\xc3\xa4", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *seen = read_key(rows[i].field);

        if ((seen == NULL) != (rows[i].key == NULL) || (seen && strcmp(seen, rows[i].key) != 0))
            fail_msg("\"%s\": expected %s, saw %s", rows[i].field,
                     rows[i].key ? rows[i].key : "a fault", seen ? seen : "a fault");
    }
}

static void an_idempotency_key_has_at_most_255_characters(void **state)
{
    char field[300];

    (void)state;
    memset(field, 'k', sizeof field);
    field[255] = '\0';
    assert_non_null(read_key(field));
    field[255] = 'k';
    field[256] = '\0';
    assert_null(read_key(field));
    field[0] = field[256] = '"';
    field[257] = '\0';
    assert_int_equal(strlen(read_key(field)), 255);
}

static void two_idempotency_keys_are_none(void **state)
{
    struct http_request request = request_of("1", "", "{\"userId\":16}");
    struct issue_wish wish;
    char text[200] = "";

    (void)state;
    for (size_t i = 0; i < 2; i++)
        request.fields[i] = (struct http_field){slice("idempotency-key"), slice("same")};
    request.field_count = 2;
    assert_int_equal(issue_body_read(&request, ISSUE_PATH_COUPON, 0, &wish, text, sizeof text),
                     ISSUE_BODY_INVALID);
    assert_non_null(strstr(text, "once"));
}

static void the_caller_stands_in_where_the_request_names_no_user(void **state)
{
    static const struct {
        enum issue_path path;
        const char *param, *query, *body;
        uint64_t user_id;
    } rows[] = {
        {ISSUE_PATH_COUPON, "1", "", "", 99},
        {ISSUE_PATH_COUPON, "1", "", "{}", 99},
        {ISSUE_PATH_COUPON, "1", "", "{\"userId\":null}", 99},
        {ISSUE_PATH_COUPON, "1", "", "{\"userId\":16}", 16},
        {ISSUE_PATH_COUPON, "1", "userId=16", "", 16},
        {ISSUE_PATH_USER, "16", "", "{\"couponId\":1}", 16},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct http_request request = request_of(rows[i].param, rows[i].query, rows[i].body);
        struct issue_wish wish;
        char text[200];

        assert_int_equal(issue_body_read(&request, rows[i].path, 99, &wish, text, sizeof text),
                         ISSUE_BODY_OK);
        assert_int_equal(wish.user_id, rows[i].user_id);
        assert_int_equal(wish.coupon_id, 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_path_tells_both_ids),
        cmocka_unit_test(a_policy_is_named_where_no_coupon_is),
        cmocka_unit_test(policies_have_their_faults),
        cmocka_unit_test(a_wrong_id_in_the_path_is_refused),
        cmocka_unit_test(a_wrong_userid_in_the_query_is_refused),
        cmocka_unit_test(a_body_that_is_not_json_is_refused),
        cmocka_unit_test(a_body_of_another_shape_is_refused),
        cmocka_unit_test(an_idempotency_key_is_a_string_or_a_token),
        cmocka_unit_test(an_idempotency_key_has_at_most_255_characters),
        cmocka_unit_test(two_idempotency_keys_are_none),
        cmocka_unit_test(the_caller_stands_in_where_the_request_names_no_user),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
