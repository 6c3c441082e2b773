#include "issue-worker/partition_table.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/check.h"

void partition_table_free(struct partition_table *table)
{
    free(table->items);
    *table = (struct partition_table){0};
}

void partition_table_clear(struct partition_table *table)
{
    table->count = 0;
}

void partition_table_add(struct partition_table *table, int32_t number)
{
    size_t i = 0;

    if (table->count == table->capacity) {
        table->capacity = table->capacity ? 2 * table->capacity : 16;
        table->items = reallocarray(table->items, table->capacity, sizeof *table->items);
        CHECK(table->items, "out of memory");
    }
    while (i < table->count && table->items[i].number < number)
        i++;
    memmove(&table->items[i + 1], &table->items[i], (table->count - i) * sizeof *table->items);
    table->items[i] = (struct partition){
        .number = number,
        .read_offset = -1,
        .next_offset = -1,
        .end_offset = -1,
    };
    table->count++;
}

struct partition *partition_table_find(struct partition_table *table, int32_t number)
{
    for (size_t i = 0; i < table->count; i++)
        if (table->items[i].number == number)
            return &table->items[i];
    return NULL;
}

int64_t partition_table_seek_offset(const struct partition *partition)
{
    const int64_t log_start = -2;

    if (partition->read_offset >= 0)
        return partition->read_offset;
    return partition->next_offset >= 0 ? partition->next_offset : log_start;
}

int64_t partition_table_begin_offset(const struct partition *partition, int64_t offset)
{
    if (partition->read_offset >= 0)
        return partition->read_offset;
    if (!partition->positioned)
        return offset;
    return partition->next_offset >= 0 ? partition->next_offset : 0;
}

bool partition_look_due(const struct partition *partition, int64_t now_us, int64_t interval_us)
{
    return !partition->look_open &&
           (partition->looked_us == 0 || now_us - partition->looked_us >= interval_us);
}

void partition_looked(struct partition *partition, int64_t now_us, int64_t end_offset)
{
    partition->looked_us = now_us;
    if (end_offset < 0)
        return;
    partition->end_offset = end_offset;
    partition->look_open = true;
}

bool partition_caught_up(struct partition *partition)
{
    if (!partition->look_open || partition->next_offset < partition->end_offset)
        return false;
    partition->look_open = false;
    return true;
}
