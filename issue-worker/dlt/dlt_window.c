#include "issue-worker/dlt/dlt_window.h"

#include <stdlib.h>
#include <string.h>

#include <uthash.h>

#include "common/base/check.h"

/* No padding: it is a key. */
struct window_key {
    int64_t partition;
    int64_t record_partition;
    int64_t record_offset;
    int64_t record_timestamp_ms;
};

struct window_entry {
    struct window_key key;
    int64_t offset;
    UT_hash_handle hh;
};

struct dlt_window {
    struct window_entry *entries; /* a ring */
    size_t used;
    size_t next;
    struct window_entry *table;
};

struct dlt_window *dlt_window_new(void)
{
    struct dlt_window *window = calloc(1, sizeof *window);

    CHECK(window, "out of memory");
    window->entries = calloc(DLT_WINDOW_SIZE, sizeof *window->entries);
    CHECK(window->entries, "out of memory");
    return window;
}

void dlt_window_free(struct dlt_window *window)
{
    if (!window)
        return;
    HASH_CLEAR(hh, window->table);
    free(window->entries);
    free(window);
}

int64_t dlt_window_first(struct dlt_window *window, const struct dlt_letter *letter)
{
    const struct window_key key = {letter->partition, letter->record.partition,
                                   letter->record.offset, letter->record.timestamp_ms};
    struct window_entry *entry;

    if (!letter->has_record)
        return letter->offset;
    HASH_FIND(hh, window->table, &key, sizeof key, entry);
    if (entry)
        return entry->offset;
    entry = &window->entries[window->next];
    if (window->used == DLT_WINDOW_SIZE)
        HASH_DEL(window->table, entry);
    else
        window->used++;
    window->next = (window->next + 1) % DLT_WINDOW_SIZE;
    entry->key = key;
    entry->offset = letter->offset;
    HASH_ADD(hh, window->table, key, sizeof entry->key, entry);
    return letter->offset;
}
