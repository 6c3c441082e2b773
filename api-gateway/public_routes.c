#include "api-gateway/public_routes.h"

#include "api-gateway/api_document.h"
#include "api-gateway/handlers/coupon.h"
#include "api-gateway/handlers/issue.h"
#include "api-gateway/handlers/result.h"
#include "api-gateway/handlers/user_coupon.h"

#define ISSUE_BODY_MAX 4096
#define USE_BODY_MAX 4096

static const struct http_route routes[] = {
    {HTTP_METHOD_POST, "/api/v1/coupons/{couponId}/issue", issue_handle_coupon, ISSUE_BODY_MAX},
    {HTTP_METHOD_POST, "/api/v1/policies/{policyId}/issue", issue_handle_policy, ISSUE_BODY_MAX},
    {HTTP_METHOD_POST, "/api/v1/policies/issue", issue_handle_policy_in_body, ISSUE_BODY_MAX},
    {HTTP_METHOD_GET, "/api/v1/coupons/result/{requestId}", result_handle, 0},
    {HTTP_METHOD_GET, "/api/v1/coupons", coupon_handle_list, 0},
    {HTTP_METHOD_GET, "/api/v1/coupons/{couponId}", coupon_handle_read, 0},
    {HTTP_METHOD_GET, "/api/v1/users/{userId}/coupons", user_coupon_handle_list, 0},
    {HTTP_METHOD_GET, "/api/v1/coupons/{couponId}/issued/{issueNo}", user_coupon_handle_read, 0},
    {HTTP_METHOD_POST, "/api/v1/coupons/{couponId}/issued/{issueNo}/use", user_coupon_handle_use,
     USE_BODY_MAX},
    {HTTP_METHOD_POST, "/api/v1/coupons/{couponId}/issued/{issueNo}/cancel-use",
     user_coupon_handle_cancel, USE_BODY_MAX},
    {HTTP_METHOD_GET, "/openapi.yaml", api_document_handle_public, 0},
    /* older paths */
    {HTTP_METHOD_POST, "/coupons/{couponId}/issue", issue_handle_coupon, ISSUE_BODY_MAX},
    {HTTP_METHOD_GET, "/coupons/result/{requestId}", result_handle, 0},
    {HTTP_METHOD_GET, "/api/coupons/result/{requestId}", result_handle, 0},
    {HTTP_METHOD_POST, "/api/coupons/{couponId}/issue", issue_handle_coupon, ISSUE_BODY_MAX},
    {HTTP_METHOD_POST, "/api/v1/users/{userId}/coupons/publish", issue_handle_publish,
     ISSUE_BODY_MAX},
};

const struct http_route *public_routes(size_t *count)
{
    *count = sizeof routes / sizeof routes[0];
    return routes;
}
