#include "api-gateway/settle_table.h"

#define ROUNDS_APART_MAX 2

/* FNV-1a, http://www.isthe.com/chongo/tech/comp/fnv/. Two ids that collide settle together, which
 * is too early for one of them once in 2^64 / SETTLE_TABLE_SIZE pairs. */
static uint64_t hash_of(const char *text, size_t len)
{
    uint64_t hash = UINT64_C(14695981039346656037);

    for (size_t i = 0; i < len; i++)
        hash = (hash ^ (unsigned char)text[i]) * UINT64_C(1099511628211);
    return hash ? hash : 1;
}

uint32_t settle_table_first_round(struct settle_table *table, const char *request_id, size_t len,
                                  uint32_t round, bool lasting)
{
    uint64_t hash = hash_of(request_id, len);
    size_t place = hash % SETTLE_TABLE_SIZE;
    int32_t since = (int32_t)(round - table->entries[place].last);

    if (table->entries[place].hash != hash || (!lasting && since > ROUNDS_APART_MAX)) {
        table->entries[place].hash = hash;
        table->entries[place].first = table->entries[place].last = round;
    } else if (since > 0) {
        table->entries[place].last = round;
    }
    return table->entries[place].first;
}

void settle_table_forget(struct settle_table *table, const char *request_id, size_t len)
{
    uint64_t hash = hash_of(request_id, len);
    size_t place = hash % SETTLE_TABLE_SIZE;

    if (table->entries[place].hash == hash)
        table->entries[place].hash = 0;
}
