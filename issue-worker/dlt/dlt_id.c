#include "issue-worker/dlt/dlt_id.h"

#include <stdlib.h>
#include <string.h>

#include "issue-worker/replay_mark.h"

bool dlt_id_parse(const char *text, const char *dead_letter_topic, struct dlt_id *id)
{
    size_t len = strlen(dead_letter_topic);

    if (strncmp(text, dead_letter_topic, len) == 0 && text[len] == ':')
        text += len + 1;
    return replay_origin_parse(text, strlen(text), &id->partition, &id->offset);
}

static int compare(const void *left, const void *right)
{
    const struct dlt_id *a = left;
    const struct dlt_id *b = right;

    if (a->partition != b->partition)
        return a->partition < b->partition ? -1 : 1;
    return a->offset < b->offset ? -1 : a->offset > b->offset;
}

void dlt_ids_settle(struct dlt_ids *ids)
{
    size_t unique = 0;

    if (ids->count == 0)
        return;
    qsort(ids->items, ids->count, sizeof *ids->items, compare);
    for (size_t i = 0; i < ids->count; i++)
        if (i == 0 || compare(&ids->items[i], &ids->items[i - 1]) != 0)
            ids->items[unique++] = ids->items[i];
    ids->count = unique;
}

int64_t dlt_ids_find(const struct dlt_ids *ids, int32_t partition, int64_t offset)
{
    const struct dlt_id id = {partition, offset};
    const struct dlt_id *found =
        ids->count ? bsearch(&id, ids->items, ids->count, sizeof id, compare) : NULL;

    return found ? found - ids->items : -1;
}
