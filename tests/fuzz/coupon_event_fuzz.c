/* Events as anybody may write them into the topic: what is taken can be written again, and means
 * the same. */
#include <string.h>

#include "common/contract/coupon_event.h"
#include "common/contract/coupon_statistics.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_text.h"

static void expect_again(const struct coupon_event *event)
{
    struct strbuf out = STRBUF_INIT;
    struct coupon_event back;
    char error[128] = "";

    coupon_event_encode(event, &out);
    EXPECT(coupon_event_decode(out.data, out.len, &back, error, sizeof error), "%s: %s", out.data,
           error);
    EXPECT(memcmp(&back, event, sizeof back) == 0, "%s is read as another", out.data);
    strbuf_clear(&out);
    coupon_event_add_id(event, &out);
    EXPECT(out.len < COUPON_EVENT_ID_SIZE, "an id of %zu bytes", out.len);
    strbuf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char *text = fuzz_copy((struct http_slice){(const char *)bytes, size});
    enum coupon_count counts[2];
    struct coupon_event event;
    char error[128] = "";

    if (!coupon_event_decode(text, size, &event, error, sizeof error))
        EXPECT(error[0], "refused without a word");
    else if (event.type) {
        expect_again(&event);
        EXPECT(coupon_statistics_counts_of(&event, counts) <= 2, "more than two counts");
    }
    free(text);
    return 0;
}
