#ifndef HTTP_MESSAGE_H
#define HTTP_MESSAGE_H

/* One HTTP/1 request judged once more, by the letter of RFC 9112 and with no code of the server's:
 * the whole message lies in memory and is read from front to back, allowing nothing that two
 * readers could understand in two ways. */
#include <ctype.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#define MESSAGE_MAX_FIELDS 1100

struct message_part {
    const char *at;
    size_t len;
};

struct http_message {
    struct message_part method, target;
    struct message_part names[MESSAGE_MAX_FIELDS], values[MESSAGE_MAX_FIELDS];
    size_t field_count;
    bool http_1_0;
    bool chunked;
    bool close;      /* asked for with Connection: close alone */
    size_t head_len; /* the blank line at its end included, one in front of it not */
    char body[8192];
    uint64_t body_len; /* announced; body holds what fits */
    size_t dropped;    /* bytes of chunk extensions and trailers */
};

enum message_verdict {
    MESSAGE_GOOD,
    MESSAGE_BAD,
    MESSAGE_UNFINISHED, /* good as far as it goes */
};

struct message_reader {
    const char *at, *end;
};

static inline bool message_token_char(char c)
{
    return isalnum((unsigned char)c) || (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static inline bool message_is_token(struct message_part part)
{
    for (size_t i = 0; i < part.len; i++)
        if ((unsigned char)part.at[i] >= 0x80 || !message_token_char(part.at[i]))
            return false;
    return part.len > 0;
}

static inline bool message_same(struct message_part part, const char *text)
{
    return part.len == strlen(text) && strncasecmp(part.at, text, part.len) == 0;
}

static inline struct message_part message_trim(struct message_part part)
{
    while (part.len > 0 && (*part.at == ' ' || *part.at == '\t'))
        part = (struct message_part){part.at + 1, part.len - 1};
    while (part.len > 0 && (part.at[part.len - 1] == ' ' || part.at[part.len - 1] == '\t'))
        part.len--;
    return part;
}

/* Take a line off; it ends with CRLF and has no other control character but HTAB. */
static inline enum message_verdict message_line(struct message_reader *reader,
                                                struct message_part *line)
{
    const char *lf = memchr(reader->at, '\n', (size_t)(reader->end - reader->at));

    if (lf == NULL)
        return MESSAGE_UNFINISHED;
    if (lf == reader->at || lf[-1] != '\r')
        return MESSAGE_BAD;
    *line = (struct message_part){reader->at, (size_t)(lf - 1 - reader->at)};
    reader->at = lf + 1;
    for (size_t i = 0; i < line->len; i++)
        if (iscntrl((unsigned char)line->at[i]) && line->at[i] != '\t')
            return MESSAGE_BAD;
    return MESSAGE_GOOD;
}

static inline bool message_host(struct message_part host)
{
    size_t i = 0;

    if (host.len > 0 && host.at[0] == '[') {
        for (i = 1; i < host.len && host.at[i] != ']'; i++)
            if (!isxdigit((unsigned char)host.at[i]) && strchr(":.", host.at[i]) == NULL)
                return false;
        if (i <= 1 || i == host.len)
            return false;
        i++;
    } else {
        while (i < host.len && (isalnum((unsigned char)host.at[i]) ||
                                (host.at[i] != '\0' && strchr("-._~%!$&'()*+,;=", host.at[i]))))
            i++;
        if (i == 0)
            return false;
    }
    if (i == host.len)
        return true;
    if (host.at[i] != ':' || host.len - i > 6)
        return false;
    while (++i < host.len)
        if (!isdigit((unsigned char)host.at[i]))
            return false;
    return true;
}

/* What stands in front of path and query: nothing, or an authority. */
static inline bool message_authority(struct message_part target, size_t *len)
{
    size_t start = strncasecmp(target.at, "http://", target.len < 7 ? target.len : 7) == 0 ? 7 : 8;

    *len = 0;
    if (target.len > 0 && target.at[0] == '/')
        return true;
    if (target.len == 1 && target.at[0] == '*')
        return true;
    if (target.len <= start ||
        strncasecmp(target.at, start == 7 ? "http://" : "https://", start) != 0)
        return false;
    for (*len = start; *len < target.len && strchr("/?", target.at[*len]) == NULL;)
        (*len)++;
    return message_host((struct message_part){target.at + start, *len - start});
}

/* Exactly method SP target SP version. The target is in ASCII and has no fragment. */
static inline bool message_request_line(struct http_message *message, struct message_part line)
{
    const char *first = memchr(line.at, ' ', line.len);
    const char *last = memrchr(line.at, ' ', line.len);
    size_t authority;

    if (first == NULL || first == last)
        return false;
    message->method = (struct message_part){line.at, (size_t)(first - line.at)};
    message->target = (struct message_part){first + 1, (size_t)(last - first - 1)};
    if ((size_t)(line.at + line.len - last) != sizeof " HTTP/1.1" - 1 ||
        memcmp(last, " HTTP/1.", 8) != 0 || (last[8] != '0' && last[8] != '1'))
        return false;
    message->http_1_0 = last[8] == '0';
    for (size_t i = 0; i < message->target.len; i++)
        if ((unsigned char)message->target.at[i] <= ' ' || message->target.at[i] == '#' ||
            (unsigned char)message->target.at[i] >= 0x7f)
            return false;
    return message_is_token(message->method) && message_authority(message->target, &authority);
}

static inline bool message_field(struct http_message *message, struct message_part line)
{
    const char *colon = memchr(line.at, ':', line.len);
    size_t i = message->field_count;

    if (colon == NULL || i == MESSAGE_MAX_FIELDS)
        return false;
    message->names[i] = (struct message_part){line.at, (size_t)(colon - line.at)};
    message->values[i] =
        message_trim((struct message_part){colon + 1, (size_t)(line.at + line.len - colon - 1)});
    message->field_count++;
    return message_is_token(message->names[i]);
}

/* A plain decimal number: no sign, no list, no leading zero, and below 2^63. */
static inline bool message_length(struct message_part digits, uint64_t *length)
{
    if (digits.len == 0 || digits.len > 19 || (digits.len > 1 && digits.at[0] == '0'))
        return false;
    *length = 0;
    for (size_t i = 0; i < digits.len; i++) {
        if (!isdigit((unsigned char)digits.at[i]))
            return false;
        *length = *length * 10 + (uint64_t)(digits.at[i] - '0');
    }
    return *length <= INT64_MAX;
}

static inline bool message_framing(struct http_message *message)
{
    size_t hosts = 0, lengths = 0, encodings = 0;

    for (size_t i = 0; i < message->field_count; i++) {
        struct message_part value = message->values[i];

        if (message_same(message->names[i], "host")) {
            hosts++;
            if (!message_host(value))
                return false;
        } else if (message_same(message->names[i], "content-length")) {
            lengths++;
            if (!message_length(value, &message->body_len))
                return false;
        } else if (message_same(message->names[i], "transfer-encoding")) {
            encodings++;
            if (!message_same(value, "chunked"))
                return false;
        } else if (message_same(message->names[i], "connection")) {
            message->close = message->close || message_same(value, "close");
        }
    }
    message->chunked = encodings == 1;
    return hosts <= 1 && (hosts == 1 || message->http_1_0) && lengths + encodings <= 1 &&
           !(encodings == 1 && message->http_1_0);
}

static inline void message_add_body(struct http_message *message, const char *bytes, uint64_t len)
{
    if (message->body_len + len <= sizeof message->body)
        memcpy(message->body + message->body_len, bytes, (size_t)len);
    message->body_len += len;
}

/* Up to 15 hexadecimal digits, then nothing or an extension. */
static inline bool message_chunk_size(struct http_message *message, struct message_part line,
                                      uint64_t *size)
{
    size_t i = 0;

    *size = 0;
    for (; i < line.len && isxdigit((unsigned char)line.at[i]); i++)
        *size = *size * 16 +
                (uint64_t)(line.at[i] <= '9' ? line.at[i] - '0' : (line.at[i] | 0x20) - 'a' + 10);
    if (i < line.len)
        message->dropped += line.len - i - 1;
    return i >= 1 && i <= 15 && (i == line.len || line.at[i] == ';');
}

static inline enum message_verdict message_trailers(struct http_message *message,
                                                    struct message_reader *reader)
{
    struct message_part line;

    for (;;) {
        enum message_verdict verdict = message_line(reader, &line);
        const char *colon;

        if (verdict != MESSAGE_GOOD || line.len == 0)
            return verdict;
        colon = memchr(line.at, ':', line.len);
        if (colon == NULL ||
            !message_is_token((struct message_part){line.at, (size_t)(colon - line.at)}))
            return MESSAGE_BAD;
        message->dropped += line.len - 1;
    }
}

/* A chunk that is larger than max ends it: the size that was announced is in body_len. */
static inline enum message_verdict message_chunks(struct http_message *message,
                                                  struct message_reader *reader, uint64_t max)
{
    for (;;) {
        struct message_part line;
        enum message_verdict verdict = message_line(reader, &line);
        uint64_t size;

        if (verdict != MESSAGE_GOOD)
            return verdict;
        if (!message_chunk_size(message, line, &size))
            return MESSAGE_BAD;
        if (size == 0)
            return message_trailers(message, reader);
        if (message->body_len + size > max) {
            message->body_len += size;
            return MESSAGE_GOOD;
        }
        if (size > (uint64_t)(reader->end - reader->at))
            return MESSAGE_UNFINISHED;
        message_add_body(message, reader->at, size);
        reader->at += size;
        if (reader->end - reader->at < 2)
            return MESSAGE_UNFINISHED;
        if (memcmp(reader->at, "\r\n", 2) != 0)
            return MESSAGE_BAD;
        reader->at += 2;
    }
}

static inline enum message_verdict message_head(struct http_message *message,
                                                struct message_reader *reader)
{
    const char *start;
    struct message_part line;
    enum message_verdict verdict;

    if (reader->end - reader->at >= 2 && memcmp(reader->at, "\r\n", 2) == 0)
        reader->at += 2;
    start = reader->at;
    verdict = message_line(reader, &line);
    if (verdict != MESSAGE_GOOD)
        return verdict;
    if (!message_request_line(message, line))
        return MESSAGE_BAD;
    while ((verdict = message_line(reader, &line)) == MESSAGE_GOOD && line.len > 0)
        if (!message_field(message, line))
            return MESSAGE_BAD;
    message->head_len = (size_t)(reader->at - start);
    return verdict == MESSAGE_GOOD && !message_framing(message) ? MESSAGE_BAD : verdict;
}

/* Judge the first message of len bytes; *used is where it ends. A body that is announced as larger
 * than max is not looked at. */
static inline enum message_verdict message_judge(struct http_message *message, const char *bytes,
                                                 size_t len, uint64_t max, size_t *used)
{
    struct message_reader reader = {bytes, bytes + len};
    enum message_verdict verdict;

    message->field_count = 0;
    message->head_len = 0;
    message->body_len = 0;
    message->dropped = 0;
    message->close = false;
    verdict = message_head(message, &reader);
    if (verdict == MESSAGE_GOOD && message->chunked) {
        verdict = message_chunks(message, &reader, max);
    } else if (verdict == MESSAGE_GOOD && message->body_len <= max) {
        uint64_t body_len = message->body_len;

        if (body_len > (uint64_t)(reader.end - reader.at))
            return MESSAGE_UNFINISHED;
        message->body_len = 0;
        message_add_body(message, reader.at, body_len);
        reader.at += body_len;
    }
    *used = (size_t)(reader.at - bytes);
    return verdict;
}

#endif
