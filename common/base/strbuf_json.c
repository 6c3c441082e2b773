#include "common/base/strbuf.h"

#include <stdbool.h>

static bool is_continuation(unsigned char byte)
{
    return (byte & 0xC0) == 0x80;
}

/* The length of the UTF-8 sequence at bytes, 0 when there is none. The second byte's bounds keep
 * out overlong forms, surrogates and what is beyond U+10FFFF (RFC 3629 section 4). */
static size_t utf8_sequence(const unsigned char *bytes, size_t len)
{
    unsigned char first = bytes[0];
    unsigned char low = 0x80, high = 0xBF;
    size_t want;

    if (first >= 0xC2 && first <= 0xDF)
        want = 2;
    else if (first >= 0xE0 && first <= 0xEF)
        want = 3;
    else if (first >= 0xF0 && first <= 0xF4)
        want = 4;
    else
        return 0;
    if (first == 0xE0)
        low = 0xA0;
    else if (first == 0xED)
        high = 0x9F;
    else if (first == 0xF0)
        low = 0x90;
    else if (first == 0xF4)
        high = 0x8F;
    if (len < want || bytes[1] < low || bytes[1] > high)
        return 0;
    for (size_t i = 2; i < want; i++) {
        if (!is_continuation(bytes[i]))
            return 0;
    }
    return want;
}

static bool is_plain(unsigned char byte)
{
    return byte >= 0x20 && byte < 0x7F && byte != '"' && byte != '\\';
}

static void add_escape(struct strbuf *buffer, unsigned char byte)
{
    static const char hex[] = "0123456789abcdef";
    char escape[6] = {'\\', 'u', '0', '0', hex[byte >> 4], hex[byte & 0xF]};

    switch (byte) {
    case '"':
        strbuf_add(buffer, "\\\"", 2);
        return;
    case '\\':
        strbuf_add(buffer, "\\\\", 2);
        return;
    case '\n':
        strbuf_add(buffer, "\\n", 2);
        return;
    case '\r':
        strbuf_add(buffer, "\\r", 2);
        return;
    case '\t':
        strbuf_add(buffer, "\\t", 2);
        return;
    default:
        strbuf_add(buffer, escape, sizeof escape);
    }
}

void strbuf_add_json_string(struct strbuf *buffer, const char *text, size_t len)
{
    const unsigned char *bytes = (const unsigned char *)text;
    size_t at = 0;

    strbuf_add(buffer, "\"", 1);
    while (at < len) {
        size_t run = at;
        size_t sequence;

        while (run < len && is_plain(bytes[run]))
            run++;
        strbuf_add(buffer, bytes + at, run - at);
        at = run;
        if (at == len)
            break;
        if (bytes[at] < 0x80) {
            add_escape(buffer, bytes[at]);
            at++;
            continue;
        }
        sequence = utf8_sequence(bytes + at, len - at);
        if (sequence == 0) {
            strbuf_add(buffer, "\xEF\xBF\xBD", 3);
            at++;
        } else {
            strbuf_add(buffer, bytes + at, sequence);
            at += sequence;
        }
    }
    strbuf_add(buffer, "\"", 1);
}
