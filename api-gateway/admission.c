#include "api-gateway/admission.h"

#include "common/base/check.h"

uint32_t admission_remaining(const struct coupon_view *view)
{
    const struct coupon *coupon = &view->coupon;

    /* A flip for a smaller stock is void: stock was added since. */
    if (view->sold_out_stock >= coupon->total_stock || coupon->issued_count >= coupon->total_stock)
        return 0;
    return coupon->total_stock - coupon->issued_count;
}

enum admission admission_decide(const struct coupon_view *view, int64_t now_ms)
{
    const struct coupon *coupon = &view->coupon;

    switch (coupon->status) {
    case COUPON_DRAFT:
        return ADMISSION_NOT_STARTED;
    case COUPON_PAUSED:
        return ADMISSION_PAUSED;
    case COUPON_CLOSED:
        return ADMISSION_CLOSED;
    case COUPON_OPEN:
        break;
    }
    if (now_ms < coupon->issue_starts_at_ms)
        return ADMISSION_NOT_STARTED;
    if (now_ms >= coupon->issue_ends_at_ms)
        return ADMISSION_ENDED;
    return admission_remaining(view) > 0 ? ADMISSION_ADMIT : ADMISSION_SOLD_OUT;
}

static const struct {
    const char *code;
    const char *detail;
} texts[] = {
    [ADMISSION_SOLD_OUT] = {"SOLD_OUT", "All coupons of this kind are given out."},
    [ADMISSION_NOT_STARTED] = {"NOT_STARTED", "This coupon can't be had yet."},
    [ADMISSION_ENDED] = {"ENDED", "This coupon can't be had any more."},
    [ADMISSION_PAUSED] = {"PAUSED", "This coupon is paused; try again later."},
    [ADMISSION_CLOSED] = {"CLOSED", "This coupon is closed."},
};

const char *admission_code(enum admission admission)
{
    CHECK(admission != ADMISSION_ADMIT, "an admission has no code");
    return texts[admission].code;
}

const char *admission_detail(enum admission admission)
{
    CHECK(admission != ADMISSION_ADMIT, "an admission has no detail");
    return texts[admission].detail;
}
