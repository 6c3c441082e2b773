/* What gateways are told through Redis: taken only byte for byte as it is written, and whatever is
 * written is taken. */
#include <inttypes.h>
#include <string.h>

#include "common/contract/broadcast.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_text.h"

static void expect_canonical(const struct broadcast *broadcast, const char *text, size_t len)
{
    char again[BROADCAST_SIZE];
    size_t again_len = broadcast_encode(broadcast, again);

    EXPECT(strnlen(broadcast->topic, sizeof broadcast->topic) <= BROADCAST_TOPIC_MAX,
           "a topic that does not end");
    EXPECT(again_len == len && memcmp(again, text, len) == 0, "\"%.*s\" is taken for \"%s\"",
           (int)len, text, again);
}

/* The input's bytes as a message. */
static struct broadcast make_broadcast(const uint8_t *bytes, size_t size)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    struct broadcast broadcast;
    uint64_t numbers[2] = {0, 0};
    size_t topic_len = 1 + (size > 17 ? (size - 17) % BROADCAST_TOPIC_MAX : 0);

    memset(&broadcast, 0, sizeof broadcast);
    if (size > 1)
        memcpy(numbers, bytes + 1, size < 17 ? size - 1 : sizeof numbers);
    switch (size > 0 ? bytes[0] % 3 : 0) {
    case 0:
        broadcast.type = BROADCAST_PROGRESS;
        broadcast.partition = (int32_t)(numbers[0] & INT32_MAX);
        broadcast.next_offset = (int64_t)(numbers[1] & INT64_MAX);
        broadcast.caught_up = numbers[0] >> 63;
        for (size_t i = 0; i < topic_len; i++)
            broadcast.topic[i] = allowed[(size > 17 ? bytes[17 + i % (size - 17)] : 0) % 65];
        break;
    case 1:
        broadcast.type = BROADCAST_SOLD_OUT;
        broadcast.coupon_id = numbers[0];
        broadcast.total_stock = (uint32_t)numbers[1];
        break;
    default:
        broadcast.type = BROADCAST_CHANGED;
        broadcast.coupon_id = numbers[0];
    }
    return broadcast;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char *text = fuzz_copy((struct http_slice){(const char *)bytes, size});
    char written[BROADCAST_SIZE];
    struct broadcast broadcast, back;
    size_t len;

    if (broadcast_decode(text, size, &broadcast))
        expect_canonical(&broadcast, text, size);
    free(text);

    broadcast = make_broadcast(bytes, size);
    len = broadcast_encode(&broadcast, written);
    EXPECT(broadcast_decode(written, len, &back), "\"%s\" is not taken", written);
    EXPECT(memcmp(&back, &broadcast, sizeof back) == 0, "\"%s\" is read as another", written);
    return 0;
}
