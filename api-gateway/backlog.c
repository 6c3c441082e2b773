#include "api-gateway/backlog.h"

#include <string.h>

/* Room for a new mark: every second one goes, so that what is left reaches back as far. */
static void thin_out(struct backlog *backlog)
{
    size_t kept = 0;

    for (size_t i = 0; i < backlog->count; i += 2)
        backlog->marks[kept++] = backlog->marks[i];
    backlog->count = kept;
    backlog->spacing_ms =
        (backlog->marks[kept - 1].seen_ms - backlog->marks[0].seen_ms) / (int64_t)(kept - 1);
}

static void forget_decided(struct backlog *backlog, int64_t fence)
{
    size_t decided = 0;

    while (decided < backlog->count && backlog->marks[decided].end_offset <= fence)
        decided++;
    backlog->count -= decided;
    if (backlog->count == 0)
        backlog->spacing_ms = 0;
    memmove(backlog->marks, backlog->marks + decided, backlog->count * sizeof *backlog->marks);
}

void backlog_looked(struct backlog *backlog, int64_t now_ms, int64_t end_offset, int64_t fence)
{
    const struct backlog_mark *last;

    /* A topic that was made anew, or a broker that lost records: its old ends say nothing. */
    if (backlog->count > 0 && end_offset < backlog->marks[backlog->count - 1].end_offset)
        backlog->count = 0;
    backlog->records = end_offset > fence ? end_offset - fence : 0;
    forget_decided(backlog, fence);
    last = backlog->count > 0 ? &backlog->marks[backlog->count - 1] : NULL;
    if (end_offset <= fence ||
        (last && (last->end_offset == end_offset || now_ms - last->seen_ms < backlog->spacing_ms)))
        return;
    if (backlog->count == BACKLOG_MARKS)
        thin_out(backlog);
    backlog->marks[backlog->count++] = (struct backlog_mark){end_offset, now_ms};
}

int64_t backlog_oldest_ms(const struct backlog *backlog)
{
    return backlog->count > 0 ? backlog->marks[0].seen_ms : 0;
}
