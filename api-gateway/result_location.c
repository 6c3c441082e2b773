#include "api-gateway/result_location.h"

#include "common/base/check.h"

void result_location_write(struct result_location location, struct strbuf *out)
{
    CHECK(location.partition >= 0 && location.offset >= 0, "a place that is not known");
    strbuf_add_u64(out, (uint64_t)location.partition);
    strbuf_add(out, ".", 1);
    strbuf_add_u64(out, (uint64_t)location.offset);
}

static bool read_digits(const char *text, size_t len, int64_t max, int64_t *number)
{
    uint64_t value = 0;

    if (len == 0 || len > 19) /* 19 nines fit into 64 bits */
        return false;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        value = 10 * value + (uint64_t)(text[i] - '0');
    }
    *number = (int64_t)value;
    return value <= (uint64_t)max;
}

bool result_location_parse(const char *text, size_t len, struct result_location *location)
{
    int64_t partition;
    int64_t offset;
    size_t dot = 0;

    while (dot < len && text[dot] != '.')
        dot++;
    if (dot == len || !read_digits(text, dot, INT32_MAX, &partition) ||
        !read_digits(text + dot + 1, len - dot - 1, INT64_MAX, &offset))
        return false;
    *location = (struct result_location){(int32_t)partition, offset};
    return true;
}
