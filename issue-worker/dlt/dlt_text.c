#include "issue-worker/dlt/dlt_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sodium.h>

#include "common/base/check.h"
#include "common/base/timestamp.h"

#define ROW_FORMAT "%-10s %-24s %-10s %10s %10s  %-36s %-14s %-12s %8s\n"

static bool is_printable(char byte)
{
    return byte >= 0x20 && byte <= 0x7e;
}

static void add_escaped(struct strbuf *out, struct dlt_bytes bytes)
{
    for (size_t i = 0; i < bytes.len; i++) {
        char byte = bytes.data[i];

        if (byte == '\\')
            strbuf_add(out, "\\\\", 2);
        else if (is_printable(byte))
            strbuf_add(out, &byte, 1);
        else
            strbuf_addf(out, "\\x%02x", (unsigned int)(unsigned char)byte);
    }
}

void dlt_text_bytes(struct strbuf *out, struct dlt_bytes bytes)
{
    if (!bytes.data) {
        strbuf_add_text(out, "(null)");
        return;
    }
    strbuf_add(out, "\"", 1);
    add_escaped(out, bytes);
    strbuf_add(out, "\"", 1);
}

void dlt_text_json_bytes(struct strbuf *out, struct dlt_bytes bytes)
{
    size_t size = sodium_base64_encoded_len(bytes.len, sodium_base64_VARIANT_ORIGINAL);
    bool printable = true;

    if (!bytes.data) {
        strbuf_add_text(out, "null");
        return;
    }
    for (size_t i = 0; i < bytes.len; i++)
        printable = printable && (is_printable(bytes.data[i]) || bytes.data[i] == '\n' ||
                                  bytes.data[i] == '\t' || bytes.data[i] == '\r');
    if (printable) {
        strbuf_add_json_string(out, bytes.data, bytes.len);
        return;
    }
    strbuf_add_text(out, "{\"base64\":\"");
    sodium_bin2base64(strbuf_reserve(out, size), size, (const unsigned char *)bytes.data, bytes.len,
                      sodium_base64_VARIANT_ORIGINAL);
    out->len += size - 1;
    strbuf_add_text(out, "\"}");
}

void dlt_text_time(struct strbuf *out, int64_t wall_ms)
{
    char text[TIMESTAMP_SIZE] = "-";

    if (wall_ms >= 0 && wall_ms <= TIMESTAMP_MAX_MS)
        timestamp_format(wall_ms, text);
    strbuf_add_text(out, text);
}

void dlt_text_head(struct strbuf *out)
{
    strbuf_addf(out, ROW_FORMAT, "LETTER", "TIME", "STATE", "COUPON", "USER", "REQUEST", "CAUSE",
                "RECORD", "BYTES");
}

static void format_id(char *text, size_t size, uint64_t id)
{
    if (id)
        snprintf(text, size, "%" PRIu64, id);
    else
        snprintf(text, size, "-");
}

void dlt_text_row(struct strbuf *out, const struct dlt_view *view)
{
    const struct dlt_letter *letter = view->letter;
    struct strbuf time = STRBUF_INIT, cause = STRBUF_INIT;
    char place[40], record[40] = "-", coupon[24], user[24], size[24];

    snprintf(place, sizeof place, "%" PRId32 ":%" PRId64, letter->partition, letter->offset);
    if (letter->has_record)
        snprintf(record, sizeof record, "%" PRId32 ":%" PRId64, letter->record.partition,
                 letter->record.offset);
    format_id(coupon, sizeof coupon, letter->coupon_id);
    format_id(user, sizeof user, letter->user_id);
    snprintf(size, sizeof size, "%zu", letter->value.len);
    dlt_text_time(&time, letter->timestamp_ms);
    add_escaped(&cause, letter->cause);
    strbuf_addf(out, ROW_FORMAT, place, time.data, dlt_state_name(view->state), coupon, user,
                letter->request_id[0] ? letter->request_id : "-", cause.len ? cause.data : "-",
                record, size);
    strbuf_free(&time);
    strbuf_free(&cause);
}

static void add_json_time(struct strbuf *out, const char *name, int64_t wall_ms)
{
    bool known = wall_ms >= 0 && wall_ms <= TIMESTAMP_MAX_MS;

    strbuf_addf(out, "\"%s\":%s", name, known ? "\"" : "null");
    if (!known)
        return;
    dlt_text_time(out, wall_ms);
    strbuf_add(out, "\"", 1);
}

static void add_json_id(struct strbuf *out, const char *name, uint64_t id)
{
    strbuf_addf(out, ",\"%s\":", name);
    if (id)
        strbuf_add_u64(out, id);
    else
        strbuf_add_text(out, "null");
}

void dlt_text_json(struct strbuf *out, const struct dlt_view *view, const char *topic)
{
    const struct dlt_letter *letter = view->letter;

    strbuf_addf(out, "\"id\":\"%" PRId32 ":%" PRId64 "\",\"topic\":", letter->partition,
                letter->offset);
    strbuf_add_json_string(out, topic, strlen(topic));
    strbuf_addf(out, ",\"partition\":%" PRId32 ",\"offset\":%" PRId64 ",", letter->partition,
                letter->offset);
    add_json_time(out, "time", letter->timestamp_ms);
    strbuf_addf(out, ",\"state\":\"%s\",\"requestId\":", dlt_state_name(view->state));
    if (letter->request_id[0])
        strbuf_add_json_string(out, letter->request_id, strlen(letter->request_id));
    else
        strbuf_add_text(out, "null");
    add_json_id(out, "couponId", letter->coupon_id);
    add_json_id(out, "userId", letter->user_id);
    strbuf_add_text(out, ",\"cause\":");
    dlt_text_json_bytes(out, letter->cause);
    strbuf_add_text(out, ",\"message\":");
    dlt_text_json_bytes(out, letter->message);
    strbuf_add_text(out, ",\"retries\":");
    if (letter->retries >= 0)
        strbuf_add_u64(out, (uint64_t)letter->retries);
    else
        strbuf_add_text(out, "null");
    strbuf_add_text(out, ",\"record\":");
    if (letter->has_record) {
        strbuf_add_text(out, "{\"topic\":");
        dlt_text_json_bytes(out, letter->topic);
        strbuf_addf(out, ",\"partition\":%" PRId32 ",\"offset\":%" PRId64 ",",
                    letter->record.partition, letter->record.offset);
        add_json_time(out, "time", letter->record.timestamp_ms);
        strbuf_add(out, "}", 1);
    } else {
        strbuf_add_text(out, "null");
    }
    strbuf_addf(out, ",\"bytes\":%zu", letter->value.len);
}
