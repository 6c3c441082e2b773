/* Goal: a path has exactly the routes that its segments say, and 404 and 405 are told apart. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "common/http/http_router.h"

static void handler(struct http_exchange *exchange)
{
    (void)exchange;
}

static const struct http_route routes[] = {
    {HTTP_METHOD_GET, "/coupons", handler, 0},
    {HTTP_METHOD_POST, "/coupons", handler, 9},
    {HTTP_METHOD_GET, "/coupons/result/{requestId}", handler, 0},
    {HTTP_METHOD_POST, "/coupons/{couponId}/issue", handler, 9},
    {HTTP_METHOD_PATCH, "/a/{b}/c/{d}", handler, 9},
    {HTTP_METHOD_GET, "/", handler, 0},
};

static void finds(void **state)
{
    static const struct {
        enum http_method method;
        const char *path;
        int route; /* -1: none */
        const char *allow;
        const char *first_param;
    } cases[] = {
        {HTTP_METHOD_GET, "/coupons", 0, "", NULL},
        {HTTP_METHOD_HEAD, "/coupons", 0, "", NULL},
        {HTTP_METHOD_POST, "/coupons", 1, "", NULL},
        {HTTP_METHOD_DELETE, "/coupons", -1, "Allow: GET, HEAD, POST\r\n", NULL},
        {HTTP_METHOD_OTHER, "/coupons", -1, "Allow: GET, HEAD, POST\r\n", NULL},
        {HTTP_METHOD_GET, "/coupons/", -1, "", NULL},
        {HTTP_METHOD_GET, "/coupon", -1, "", NULL},
        {HTTP_METHOD_GET, "/couponsx", -1, "", NULL},
        {HTTP_METHOD_GET, "/Coupons", -1, "", NULL},
        {HTTP_METHOD_GET, "//coupons", -1, "", NULL},
        {HTTP_METHOD_GET, "coupons", -1, "", NULL},
        {HTTP_METHOD_GET, "*", -1, "", NULL},
        {HTTP_METHOD_GET, "", -1, "", NULL},
        {HTTP_METHOD_GET, "/", 5, "", NULL},
        {HTTP_METHOD_GET, "/coupons/result/REQ-1", 2, "", "REQ-1"},
        {HTTP_METHOD_GET, "/coupons/result/", -1, "", NULL},
        {HTTP_METHOD_GET, "/coupons/result/a/b", -1, "", NULL},
        {HTTP_METHOD_POST, "/coupons/16/issue", 3, "", "16"},
        {HTTP_METHOD_POST, "/coupons//issue", -1, "", NULL},
        {HTTP_METHOD_GET, "/coupons/16/issue", -1, "Allow: POST\r\n", NULL},
        {HTTP_METHOD_HEAD, "/coupons/16/issue", -1, "Allow: POST\r\n", NULL},
        {HTTP_METHOD_POST, "/coupons/result/REQ-1", -1, "Allow: GET, HEAD\r\n", NULL},
        {HTTP_METHOD_PATCH, "/a/%2F/c/x", 4, "", "%2F"},
        {HTTP_METHOD_GET, "/1/2/3/4/5/6/7/8/9/10/11/12/13/14", -1, "", NULL},
    };
    struct http_router *router = http_router_new(routes, sizeof routes / sizeof routes[0]);

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct http_request request = {.method = cases[i].method,
                                       .path = {cases[i].path, strlen(cases[i].path)}};
        const struct http_route *expected = cases[i].route < 0 ? NULL : &routes[cases[i].route];
        char allow[HTTP_ALLOW_SIZE] = "";
        unsigned allowed;
        const struct http_route *route = http_router_find(router, &request, &allowed);

        if (route == NULL && allowed != 0)
            http_router_allow(allowed, allow);
        if (route != expected || strcmp(allow, cases[i].allow) != 0)
            fail_msg("method %d \"%s\": saw route %s, %s", cases[i].method, cases[i].path,
                     route != NULL ? route->pattern : "none", allow);
        if (cases[i].first_param != NULL)
            assert_true(http_slice_is(request.params[0], cases[i].first_param));
    }
    http_router_free(router);
}

static void params_in_order(void **state)
{
    struct http_router *router = http_router_new(routes, sizeof routes / sizeof routes[0]);
    struct http_request request = {.method = HTTP_METHOD_PATCH, .path = {"/a/1/c/22", 9}};
    unsigned allowed;

    (void)state;
    assert_ptr_equal(http_router_find(router, &request, &allowed), &routes[4]);
    assert_int_equal(request.param_count, 2);
    assert_true(http_slice_is(request.params[0], "1"));
    assert_true(http_slice_is(request.params[1], "22"));
    http_router_free(router);
}

static void allow_has_room_for_all(void **state)
{
    char allow[HTTP_ALLOW_SIZE];

    (void)state;
    http_router_allow(~0u, allow);
    assert_string_equal(allow, "Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS\r\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds),
        cmocka_unit_test(params_in_order),
        cmocka_unit_test(allow_has_room_for_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
