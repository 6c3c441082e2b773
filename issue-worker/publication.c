#include "issue-worker/publication.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/check.h"
#include "common/contract/result_key.h"

struct publication *publication_new(void)
{
    struct publication *publication = calloc(1, sizeof *publication);

    CHECK(publication, "out of memory");
    return publication;
}

void publication_free(struct publication *publication)
{
    if (!publication)
        return;
    free(publication->results);
    free(publication->broadcasts);
    free(publication);
}

static void add_result(struct publication *publication, const struct issue_item *item,
                       int64_t now_ms)
{
    const struct issue_verdict *verdict = &item->verdict;
    struct issue_result *result = &publication->results[publication->result_count++];

    memset(result, 0, sizeof *result);
    memcpy(result->request_id, item->request.request_id, sizeof result->request_id);
    result->coupon_id = verdict->coupon_id;
    result->user_id = item->request.user_id;
    result->outcome = verdict->outcome;
    result->decided_at_ms = now_ms;
    if (verdict->outcome != ISSUE_OUTCOME_ISSUED)
        return;
    result->issue_no = verdict->issue_no;
    result->issued_at_ms = now_ms;
    result->expires_at_ms = verdict->expires_at_ms == COUPON_NEVER_MS ? 0 : verdict->expires_at_ms;
}

void publication_add_results(struct publication *publication, const struct issue_batch *batch,
                             int64_t now_ms)
{
    CHECK(!publication->results, "results of two batches");
    publication->results = malloc((batch->count + 1) * sizeof *publication->results);
    CHECK(publication->results, "out of memory");
    for (size_t i = 0; i < batch->count; i++) {
        const struct issue_item *item = &batch->items[i];

        if (issue_item_has_result(item) && item->verdict.outcome != ISSUE_OUTCOME_DEAD_LETTERED)
            add_result(publication, item, now_ms);
    }
}

static struct broadcast *add(struct publication *publication, enum broadcast_type type)
{
    struct broadcast *broadcast;

    if (publication->broadcast_count == publication->broadcast_capacity) {
        publication->broadcast_capacity = 2 * publication->broadcast_capacity + 8;
        publication->broadcasts =
            reallocarray(publication->broadcasts, publication->broadcast_capacity,
                         sizeof *publication->broadcasts);
        CHECK(publication->broadcasts, "out of memory");
    }
    broadcast = &publication->broadcasts[publication->broadcast_count++];
    memset(broadcast, 0, sizeof *broadcast);
    broadcast->type = type;
    return broadcast;
}

void publication_add_progress(struct publication *publication, const char *topic, int32_t partition,
                              int64_t next_offset, bool caught_up)
{
    struct broadcast *broadcast = add(publication, BROADCAST_PROGRESS);

    snprintf(broadcast->topic, sizeof broadcast->topic, "%s", topic);
    broadcast->partition = partition;
    broadcast->next_offset = next_offset;
    broadcast->caught_up = caught_up;
}

void publication_add_sold_out(struct publication *publication, uint64_t coupon_id,
                              uint32_t total_stock)
{
    struct broadcast *broadcast = add(publication, BROADCAST_SOLD_OUT);

    broadcast->coupon_id = coupon_id;
    broadcast->total_stock = total_stock;
}

static void begin_command(struct strbuf *out, unsigned int parts)
{
    strbuf_add(out, "*", 1);
    strbuf_add_u64(out, parts);
    strbuf_add(out, "\r\n", 2);
}

static void add_part(struct strbuf *out, const char *bytes, size_t len)
{
    strbuf_add(out, "$", 1);
    strbuf_add_u64(out, len);
    strbuf_add(out, "\r\n", 2);
    strbuf_add(out, bytes, len);
    strbuf_add(out, "\r\n", 2);
}

static void add_part_text(struct strbuf *out, const char *text)
{
    add_part(out, text, strlen(text));
}

/* A result with a key of its own. */
static size_t encode_single(const char *key, const struct issue_result *result, const char *ttl,
                            struct strbuf *json, struct strbuf *out)
{
    strbuf_clear(json);
    issue_result_encode(result, json);
    begin_command(out, 5);
    add_part_text(out, "SET");
    add_part_text(out, key);
    add_part(out, json->data, json->len);
    add_part_text(out, "EX");
    add_part_text(out, ttl);
    return 1;
}

/* Results that follow one another into one hash, which gets its time to live in the same step:
 * no connection can end between the two. */
static size_t encode_hash(const char *key, const struct issue_result *results, size_t count,
                          const char *ttl, struct strbuf *json, struct strbuf *out)
{
    begin_command(out, 1);
    add_part_text(out, "MULTI");
    begin_command(out, (unsigned int)(2 + 2 * count));
    add_part_text(out, "HSET");
    add_part_text(out, key);
    for (size_t i = 0; i < count; i++) {
        strbuf_clear(json);
        issue_result_encode(&results[i], json);
        add_part_text(out, results[i].request_id);
        add_part(out, json->data, json->len);
    }
    begin_command(out, 3);
    add_part_text(out, "EXPIRE");
    add_part_text(out, key);
    add_part_text(out, ttl);
    begin_command(out, 1);
    add_part_text(out, "EXEC");
    return 4;
}

static size_t encode_results(const struct publication *publication, const char *ttl,
                             struct strbuf *out)
{
    struct strbuf json = STRBUF_INIT;
    char key[RESULT_KEY_SIZE], next_key[RESULT_KEY_SIZE];
    size_t commands = 0, count;

    for (size_t i = 0; i < publication->result_count; i += count) {
        const struct issue_result *results = &publication->results[i];
        bool in_hash = result_key(results[0].request_id, key);

        count = 1;
        if (!in_hash) {
            commands += encode_single(key, results, ttl, &json, out);
            continue;
        }
        while (i + count < publication->result_count &&
               result_key(results[count].request_id, next_key) && strcmp(key, next_key) == 0)
            count++;
        commands += encode_hash(key, results, count, ttl, &json, out);
    }
    strbuf_free(&json);
    return commands;
}

/* The key that outlives the broadcast, for a gateway that comes later. */
static void encode_state(const struct broadcast *broadcast, struct strbuf *out)
{
    char key[BROADCAST_SIZE];
    char value[32];

    if (broadcast->type == BROADCAST_PROGRESS) {
        snprintf(key, sizeof key, "%s:%" PRId32, broadcast->topic, broadcast->partition);
        snprintf(value, sizeof value, "%" PRId64, broadcast->next_offset);
        begin_command(out, 4);
        add_part_text(out, "HSET");
        add_part_text(out, BROADCAST_PROGRESS_KEY);
        add_part_text(out, key);
        add_part_text(out, value);
    } else {
        snprintf(key, sizeof key, "%s%" PRIu64, BROADCAST_AVAILABLE_PREFIX, broadcast->coupon_id);
        begin_command(out, 3);
        add_part_text(out, "SET");
        add_part_text(out, key);
        add_part_text(out, "false");
    }
}

size_t publication_encode(const struct publication *publication, int64_t ttl_s, struct strbuf *out)
{
    char ttl[24];
    char text[BROADCAST_SIZE];
    size_t commands;

    snprintf(ttl, sizeof ttl, "%" PRId64, ttl_s);
    commands = encode_results(publication, ttl, out);
    for (size_t i = 0; i < publication->broadcast_count; i++) {
        size_t len = broadcast_encode(&publication->broadcasts[i], text);

        encode_state(&publication->broadcasts[i], out);
        begin_command(out, 3);
        add_part_text(out, "PUBLISH");
        add_part_text(out, BROADCAST_CHANNEL);
        add_part(out, text, len);
    }
    return commands + 2 * publication->broadcast_count;
}
