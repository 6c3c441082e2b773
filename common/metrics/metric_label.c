#include "common/metrics/metric_label.h"

#include "common/base/utf8.h"

/* Append the character at value; returns its length. */
static size_t add_character(struct strbuf *labels, const char *value, size_t len)
{
    size_t sequence;

    switch (value[0]) {
    case '\\':
        strbuf_add(labels, "\\\\", 2);
        return 1;
    case '"':
        strbuf_add(labels, "\\\"", 2);
        return 1;
    case '\n':
        strbuf_add(labels, "\\n", 2);
        return 1;
    default:
        break;
    }
    if ((unsigned char)value[0] < 0x80) {
        strbuf_add(labels, value, 1);
        return 1;
    }
    sequence = utf8_sequence_len((const unsigned char *)value, len);
    if (sequence == 0) {
        strbuf_add_text(labels, UTF8_REPLACEMENT);
        return 1;
    }
    strbuf_add(labels, value, sequence);
    return sequence;
}

void metric_label_add(struct strbuf *labels, const char *name, const char *value)
{
    size_t len = strlen(value);

    if (labels->len > 0)
        strbuf_add(labels, ",", 1);
    strbuf_add_text(labels, name);
    strbuf_add(labels, "=\"", 2);
    for (size_t at = 0; at < len;)
        at += add_character(labels, value + at, len - at);
    strbuf_add(labels, "\"", 1);
}
