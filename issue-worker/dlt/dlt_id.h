#ifndef DLT_ID_H
#define DLT_ID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How an operator names a dead letter: its place in the dead-letter topic. Pure. */
struct dlt_id {
    int32_t partition;
    int64_t offset;
};

/* Read "PARTITION:OFFSET" or "TOPIC:PARTITION:OFFSET". False: it is neither, or names another topic
 * than dead_letter_topic. */
bool dlt_id_parse(const char *text, const char *dead_letter_topic, struct dlt_id *id);

/* Ids in order of their place; repeats dropped. Free items. */
struct dlt_ids {
    struct dlt_id *items;
    size_t count;
};

/* Sort and drop repeats. */
void dlt_ids_settle(struct dlt_ids *ids);

/* Its place among settled ids; -1: it is not one of them. */
int64_t dlt_ids_find(const struct dlt_ids *ids, int32_t partition, int64_t offset);

#endif
