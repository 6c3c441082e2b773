#include "issue-worker/events/recent_events.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "common/base/check.h"

struct event_key {
    uint64_t coupon_id;
    uint32_t issue_no;
    uint32_t change_no;
};

struct recent_event {
    struct event_key key;
    UT_hash_handle hh;
};

struct recent_events {
    struct recent_event *table; /* uthash's */
    size_t capacity;
    size_t next; /* place of the next one, which is that of the oldest */
    size_t count;
    struct recent_event places[];
};

struct recent_events *recent_events_new(size_t capacity)
{
    struct recent_events *events =
        calloc(1, sizeof *events + capacity * sizeof(struct recent_event));

    CHECK(events && capacity > 0, "out of memory");
    events->capacity = capacity;
    return events;
}

void recent_events_free(struct recent_events *events)
{
    HASH_CLEAR(hh, events->table);
    free(events);
}

static struct event_key key_of(const struct coupon_event *event)
{
    return (struct event_key){event->coupon_id, event->issue_no, event->change_no};
}

bool recent_events_has(const struct recent_events *events, const struct coupon_event *event)
{
    struct event_key key = key_of(event);
    struct recent_event *found;

    HASH_FIND(hh, events->table, &key, sizeof key, found);
    return found;
}

void recent_events_add(struct recent_events *events, const struct coupon_event *event)
{
    struct recent_event *place = &events->places[events->next];

    if (recent_events_has(events, event))
        return;
    if (events->count == events->capacity)
        HASH_DEL(events->table, place);
    else
        events->count++;
    memset(place, 0, sizeof *place);
    place->key = key_of(event);
    HASH_ADD(hh, events->table, key, sizeof place->key, place);
    events->next = (events->next + 1) % events->capacity;
}
