#include "common/contract/broadcast.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/base/check.h"

static bool is_topic_byte(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '.' ||
           c == '_' || c == '-';
}

static bool is_topic(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (!is_topic_byte(text[i]))
            return false;
    }
    return len >= 1 && len <= BROADCAST_TOPIC_MAX;
}

static int write_text(const struct broadcast *broadcast, char text[BROADCAST_SIZE])
{
    switch (broadcast->type) {
    case BROADCAST_PROGRESS:
        CHECK(is_topic(broadcast->topic, strnlen(broadcast->topic, sizeof broadcast->topic)) &&
                  broadcast->partition >= 0 && broadcast->next_offset >= 0,
              "progress of partition %" PRId32 " to %" PRId64, broadcast->partition,
              broadcast->next_offset);
        return snprintf(text, BROADCAST_SIZE, "progress %s %" PRId32 " %" PRId64 " %d",
                        broadcast->topic, broadcast->partition, broadcast->next_offset,
                        broadcast->caught_up ? 1 : 0);
    case BROADCAST_SOLD_OUT:
        return snprintf(text, BROADCAST_SIZE, "sold-out %" PRIu64 " %" PRIu32, broadcast->coupon_id,
                        broadcast->total_stock);
    case BROADCAST_CHANGED:
        return snprintf(text, BROADCAST_SIZE, "changed %" PRIu64, broadcast->coupon_id);
    }
    return -1;
}

size_t broadcast_encode(const struct broadcast *broadcast, char text[BROADCAST_SIZE])
{
    int len = write_text(broadcast, text);

    CHECK(len > 0 && len < BROADCAST_SIZE, "broadcast of type %d", (int)broadcast->type);
    return (size_t)len;
}

/* What is still to be read. */
struct reader {
    const char *at;
    const char *end;
};

/* The next word; words are parted by one blank. Empty at the end, or where a blank is too much. */
static size_t read_word(struct reader *reader, const char **word)
{
    size_t left = (size_t)(reader->end - reader->at);
    const char *blank = left > 0 ? memchr(reader->at, ' ', left) : NULL;
    size_t len = blank != NULL ? (size_t)(blank - reader->at) : left;

    *word = reader->at;
    reader->at += blank != NULL ? len + 1 : len;
    return len;
}

/* Decimal as broadcast_encode writes it: no sign, no leading zeros, 0…max. */
static bool read_number(struct reader *reader, uint64_t max, uint64_t *number)
{
    const char *word;
    size_t len = read_word(reader, &word);

    *number = 0;
    if (len == 0 || (len > 1 && word[0] == '0'))
        return false;
    for (size_t i = 0; i < len; i++) {
        uint64_t digit = (uint64_t)word[i] - '0';

        if (digit > 9 || digit > max || *number > (max - digit) / 10)
            return false;
        *number = *number * 10 + digit;
    }
    return true;
}

static bool read_progress(struct reader *reader, struct broadcast *broadcast)
{
    const char *topic;
    size_t topic_len = read_word(reader, &topic);
    uint64_t partition, next_offset, caught_up;

    if (!is_topic(topic, topic_len) || !read_number(reader, INT32_MAX, &partition) ||
        !read_number(reader, INT64_MAX, &next_offset) || !read_number(reader, 1, &caught_up))
        return false;
    memcpy(broadcast->topic, topic, topic_len);
    broadcast->partition = (int32_t)partition;
    broadcast->next_offset = (int64_t)next_offset;
    broadcast->caught_up = caught_up == 1;
    return true;
}

static bool read_sold_out(struct reader *reader, struct broadcast *broadcast)
{
    uint64_t total_stock;

    if (!read_number(reader, UINT64_MAX, &broadcast->coupon_id) ||
        !read_number(reader, UINT32_MAX, &total_stock))
        return false;
    broadcast->total_stock = (uint32_t)total_stock;
    return true;
}

static bool word_is(const char *word, size_t len, const char *name)
{
    return len == strlen(name) && memcmp(word, name, len) == 0;
}

bool broadcast_decode(const char *text, size_t len, struct broadcast *broadcast)
{
    struct reader reader = {text, text + len};
    const char *word;
    size_t word_len = read_word(&reader, &word);
    bool known = false;

    memset(broadcast, 0, sizeof *broadcast);
    if (len > 0 && text[len - 1] == ' ')
        return false;
    if (word_is(word, word_len, "progress")) {
        broadcast->type = BROADCAST_PROGRESS;
        known = read_progress(&reader, broadcast);
    } else if (word_is(word, word_len, "sold-out")) {
        broadcast->type = BROADCAST_SOLD_OUT;
        known = read_sold_out(&reader, broadcast);
    } else if (word_is(word, word_len, "changed")) {
        broadcast->type = BROADCAST_CHANGED;
        known = read_number(&reader, UINT64_MAX, &broadcast->coupon_id);
    }
    return known && reader.at == reader.end;
}
