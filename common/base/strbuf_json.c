#include "common/base/strbuf.h"

#include <stdbool.h>

#include "common/base/utf8.h"

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
        sequence = utf8_sequence_len(bytes + at, len - at);
        if (sequence == 0) {
            strbuf_add_text(buffer, UTF8_REPLACEMENT);
            at++;
        } else {
            strbuf_add(buffer, bytes + at, sequence);
            at += sequence;
        }
    }
    strbuf_add(buffer, "\"", 1);
}
