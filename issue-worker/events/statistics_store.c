#include "issue-worker/events/statistics_store.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <hiredis.h>

#include "common/base/check.h"
#include "common/base/log.h"
#include "common/contract/coupon_statistics.h"
#include "issue-worker/redis_session.h"

#define SEEN_TTL_S (INT64_C(60) * 86400)

/* KEYS: the positions; then of each event its coupon's total, hour and "seen".
 * ARGV: field, position expected ("": none), new position, life of minutes, life of "seen"; then of
 * each event: place in "seen", changeNo, minute, counts; or -1, stock, time, "" of "sold-out".
 * Returns 1, or the position that is there instead. */
static const char script[] =
    "local at = redis.call('HGET', KEYS[1], ARGV[1]) or ''\n"
    "if at ~= ARGV[2] then return at end\n"
    "local k, a = 2, 6\n"
    "while a <= #ARGV do\n"
    "  local total, hour, seen = KEYS[k], KEYS[k + 1], KEYS[k + 2]\n"
    "  local place, number = tonumber(ARGV[a]), tonumber(ARGV[a + 1])\n"
    "  if place < 0 then\n"
    "    if number > tonumber(redis.call('HGET', total, 'sold-out-stock') or '0') then\n"
    "      redis.call('HSET', total, 'sold-out-stock', ARGV[a + 1])\n"
    "      redis.call('HSET', total, 'sold-out-at', ARGV[a + 2])\n"
    "    end\n"
    "  elseif number > redis.call('BITFIELD', seen, 'GET', 'u32', '#' .. ARGV[a])[1] then\n"
    "    redis.call('BITFIELD', seen, 'SET', 'u32', '#' .. ARGV[a], ARGV[a + 1])\n"
    "    redis.call('EXPIRE', seen, ARGV[5])\n"
    "    for count in string.gmatch(ARGV[a + 3], '[^,]+') do\n"
    "      redis.call('HINCRBY', total, count, 1)\n"
    "      redis.call('HINCRBY', hour, ARGV[a + 2] .. ':' .. count, 1)\n"
    "    end\n"
    "    redis.call('EXPIRE', hour, ARGV[4])\n"
    "  end\n"
    "  k, a = k + 3, a + 4\n"
    "end\n"
    "redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])\n"
    "return 1\n";

struct statistics_store {
    struct redis_session *session;
    const char *topic;
    int64_t minutes_s;
    struct strbuf command, part;
};

struct statistics_store *statistics_store_new(const struct redis_options *options,
                                              const char *topic, int64_t minutes_s)
{
    struct statistics_store *store = calloc(1, sizeof *store);

    CHECK(store, "out of memory");
    store->session = redis_session_new(options, "counting goes on when it is back");
    store->topic = topic;
    store->minutes_s = minutes_s;
    return store;
}

void statistics_store_free(struct statistics_store *store)
{
    redis_session_free(store->session);
    strbuf_free(&store->command);
    strbuf_free(&store->part);
    free(store);
}

static void add_text(struct strbuf *out, const char *text, size_t len)
{
    strbuf_addf(out, "$%zu\r\n", len);
    strbuf_add(out, text, len);
    strbuf_add(out, "\r\n", 2);
}

static void add_word(struct strbuf *out, const char *text)
{
    add_text(out, text, strlen(text));
}

static void add_number(struct strbuf *out, int64_t number)
{
    char text[24];

    snprintf(text, sizeof text, "%" PRId64, number);
    add_word(out, text);
}

/* What was put together in part becomes the next one of the command. */
static void add_part(struct statistics_store *store)
{
    add_text(&store->command, store->part.data, store->part.len);
    strbuf_clear(&store->part);
}

static void add_field(struct statistics_store *store, int32_t partition)
{
    strbuf_addf(&store->part, "%s:%" PRId32, store->topic, partition);
    add_part(store);
}

static void add_keys(struct statistics_store *store, const struct coupon_event *event)
{
    coupon_statistics_total_key(event->coupon_id, &store->part);
    add_part(store);
    coupon_statistics_hour_key(event->coupon_id, event->occurred_at_ms, &store->part);
    add_part(store);
    coupon_statistics_seen_key(event->coupon_id, event->issue_no, &store->part);
    add_part(store);
}

static void add_arguments(struct statistics_store *store, const struct coupon_event *event)
{
    struct strbuf *out = &store->command;
    enum coupon_count counts[2];
    size_t count = coupon_statistics_counts_of(event, counts);

    if (!coupon_event_has_user(event->type)) {
        add_word(out, "-1");
        add_number(out, event->total_stock);
        add_number(out, event->occurred_at_ms);
        add_word(out, "");
        return;
    }
    add_number(out, event->issue_no % COUPON_STATISTICS_BLOCK);
    add_number(out, event->change_no);
    add_number(out, event->occurred_at_ms / COUPON_STATISTICS_MINUTE_MS);
    for (size_t i = 0; i < count; i++)
        strbuf_addf(&store->part, "%s%s", i ? "," : "", coupon_count_name(counts[i]));
    add_part(store);
}

static void make_command(struct statistics_store *store, const struct event_batch *batch)
{
    struct strbuf *out = &store->command;
    size_t known = 0;

    for (size_t i = 0; i < batch->count; i++)
        known += batch->items[i].event.type != 0;
    strbuf_clear(out);
    strbuf_addf(out, "*%zu\r\n", 3 + 1 + 3 * known + 5 + 4 * known);
    add_word(out, "EVAL");
    add_word(out, script);
    add_number(out, (int64_t)(1 + 3 * known));
    add_word(out, COUPON_STATISTICS_OFFSET_KEY);
    for (size_t i = 0; i < batch->count; i++)
        if (batch->items[i].event.type)
            add_keys(store, &batch->items[i].event);
    add_field(store, batch->partition);
    if (batch->begin_offset < 0)
        add_word(out, "");
    else
        add_number(out, batch->begin_offset);
    add_number(out, batch->next_offset);
    add_number(out, store->minutes_s);
    add_number(out, SEEN_TTL_S);
    for (size_t i = 0; i < batch->count; i++)
        if (batch->items[i].event.type)
            add_arguments(store, &batch->items[i].event);
}

static void read_taken(void *cookie, const struct redisReply *reply)
{
    enum event_taken *taken = cookie;

    if (reply->type == REDIS_REPLY_INTEGER)
        *taken = EVENT_TAKEN;
    else if (reply->type == REDIS_REPLY_STRING)
        *taken = EVENT_REPOSITION;
}

static enum event_taken take(void *cookie, const struct event_batch *batch)
{
    struct statistics_store *store = cookie;
    enum event_taken taken = EVENT_AGAIN;

    make_command(store, batch);
    redis_session_ask(store->session, store->command.data, store->command.len, 1, read_taken,
                      &taken);
    return taken;
}

struct place {
    bool known;
    int64_t next_offset;
};

static void read_place(void *cookie, const struct redisReply *reply)
{
    struct place *place = cookie;

    place->known = reply->type == REDIS_REPLY_NIL || reply->type == REDIS_REPLY_STRING;
    place->next_offset =
        reply->type == REDIS_REPLY_STRING ? strtoll(reply->str, NULL, 10) : EVENT_POSITION_START;
}

static bool position(void *cookie, int32_t partition, int64_t *next_offset)
{
    struct statistics_store *store = cookie;
    struct place place = {false, EVENT_POSITION_START};

    strbuf_clear(&store->command);
    strbuf_add_text(&store->command, "*3\r\n");
    add_word(&store->command, "HGET");
    add_word(&store->command, COUPON_STATISTICS_OFFSET_KEY);
    add_field(store, partition);
    redis_session_ask(store->session, store->command.data, store->command.len, 1, read_place,
                      &place);
    *next_offset = place.next_offset;
    return place.known;
}

struct event_sink statistics_store_sink(struct statistics_store *store)
{
    return (struct event_sink){
        .position = position, .take = take, .may_forget = true, .cookie = store};
}
