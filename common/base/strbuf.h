#ifndef STRBUF_H
#define STRBUF_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A growing byte buffer, always NUL-terminated behind len. Running out of memory ends the process.
 */
struct strbuf {
    char *data;
    size_t len;
    size_t capacity;
};

#define STRBUF_INIT                                                                                \
    {                                                                                              \
        NULL, 0, 0                                                                                 \
    }

void strbuf_free(struct strbuf *buffer);

/* Forget the content, keep the memory. */
void strbuf_clear(struct strbuf *buffer);

/* Make room for extra more bytes and a NUL behind len and return where they go; write the NUL and
 * add to len yourself. */
char *strbuf_reserve(struct strbuf *buffer, size_t extra);

/* Nothing that is added may lie inside the buffer itself. Inline, because statements and answers
 * are put together from many short constants. */
static inline void strbuf_add(struct strbuf *buffer, const void *bytes, size_t len)
{
    char *end = buffer->capacity - buffer->len > len ? buffer->data + buffer->len
                                                     : strbuf_reserve(buffer, len);

    if (len > 0)
        memcpy(end, bytes, len);
    end[len] = '\0';
    buffer->len += len;
}

static inline void strbuf_add_text(struct strbuf *buffer, const char *text)
{
    strbuf_add(buffer, text, strlen(text));
}

void strbuf_add_u64(struct strbuf *buffer, uint64_t number);
void strbuf_addf(struct strbuf *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Add text as a JSON string with its quotes (RFC 8259 section 7): '"', '\\' and control bytes (DEL
 * too) escaped, each byte that is not part of valid UTF-8 replaced by U+FFFD. */
void strbuf_add_json_string(struct strbuf *buffer, const char *text, size_t len);

#endif
