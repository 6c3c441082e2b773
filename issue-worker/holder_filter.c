#include "issue-worker/holder_filter.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/check.h"

#define BITS_PER_HOLDER 24
#define BITS_PER_USER 7

struct block {
    uint64_t words[8]; /* a cache line */
};

struct holder_filter {
    uint64_t coupon_id;
    uint32_t capacity;
    uint32_t covered;
    uint32_t block_count;
    struct block *blocks;
};

static size_t size_of(const struct holder_filter *filter)
{
    return sizeof *filter + filter->block_count * sizeof(struct block);
}

static void drop(struct holder_filters *filters, size_t i)
{
    struct holder_filter *filter = filters->items[i];

    filters->bytes -= size_of(filter);
    filters->count--;
    memmove(&filters->items[i], &filters->items[i + 1],
            (filters->count - i) * sizeof filters->items[0]);
    free(filter->blocks);
    free(filter);
}

void holder_filters_clear(struct holder_filters *filters)
{
    while (filters->count > 0)
        drop(filters, filters->count - 1);
}

static void put_first(struct holder_filters *filters, size_t i)
{
    struct holder_filter *filter = filters->items[i];

    memmove(&filters->items[1], &filters->items[0], i * sizeof filters->items[0]);
    filters->items[0] = filter;
}

struct holder_filter *holder_filters_find(struct holder_filters *filters, uint64_t coupon_id)
{
    for (size_t i = 0; i < filters->count; i++) {
        if (filters->items[i]->coupon_id != coupon_id)
            continue;
        put_first(filters, i);
        return filters->items[0];
    }
    return NULL;
}

struct holder_filter *holder_filters_make(struct holder_filters *filters, uint64_t coupon_id,
                                          uint32_t total_stock)
{
    uint64_t blocks = (uint64_t)total_stock * BITS_PER_HOLDER / (8 * sizeof(struct block)) + 1;
    size_t bytes = sizeof(struct holder_filter) + blocks * sizeof(struct block);
    struct holder_filter *filter;

    if (holder_filters_find(filters, coupon_id))
        drop(filters, 0);
    if (bytes > HOLDER_FILTERS_MAX_BYTES)
        return NULL;
    while (filters->count == HOLDER_FILTERS_MAX ||
           filters->bytes + bytes > HOLDER_FILTERS_MAX_BYTES)
        drop(filters, filters->count - 1);
    filter = calloc(1, sizeof *filter);
    CHECK(filter, "out of memory");
    filter->coupon_id = coupon_id;
    filter->capacity = total_stock;
    filter->block_count = (uint32_t)blocks;
    filter->blocks = calloc(blocks, sizeof *filter->blocks);
    CHECK(filter->blocks, "out of memory");
    filters->bytes += size_of(filter);
    filters->items[filters->count++] = filter;
    put_first(filters, filters->count - 1);
    return filter;
}

uint32_t holder_filter_capacity(const struct holder_filter *filter)
{
    return filter->capacity;
}

uint32_t holder_filter_covered(const struct holder_filter *filter)
{
    return filter->covered;
}

void holder_filter_cover(struct holder_filter *filter, uint32_t issue_no)
{
    filter->covered = issue_no;
}

/* SplitMix64's finaliser: every bit of the id moves every bit of the result. */
static uint64_t mix(uint64_t number)
{
    number = (number ^ number >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    number = (number ^ number >> 27) * UINT64_C(0x94d049bb133111eb);
    return number ^ number >> 31;
}

static struct block *block_of(const struct holder_filter *filter, uint64_t hash)
{
    return &filter->blocks[(hash >> 32) * filter->block_count >> 32];
}

void holder_filter_add(struct holder_filter *filter, uint64_t user_id)
{
    uint64_t hash = mix(user_id);
    struct block *block = block_of(filter, hash);

    hash = mix(hash + 1);
    for (int i = 0; i < BITS_PER_USER; i++, hash >>= 9)
        block->words[hash >> 6 & 7] |= UINT64_C(1) << (hash & 63);
}

bool holder_filter_may_hold(const struct holder_filter *filter, uint64_t user_id)
{
    uint64_t hash = mix(user_id);
    const struct block *block = block_of(filter, hash);
    uint64_t found = 1;

    hash = mix(hash + 1);
    for (int i = 0; i < BITS_PER_USER; i++, hash >>= 9)
        found &= block->words[hash >> 6 & 7] >> (hash & 63);
    return found;
}
