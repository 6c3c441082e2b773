#include "common/http/http_chunked.h"

#include <stdbool.h>

#include "common/http/http_token.h"

/* All extensions and trailer fields of one body. */
#define CHUNKED_MAX_OVERHEAD 4096

/* 15 hexadecimal digits can't overflow. */
#define CHUNKED_MAX_DIGITS 15

enum chunked_state {
    CHUNKED_SIZE,      /* digits of a chunk's size */
    CHUNKED_EXTENSION, /* behind the ';' */
    CHUNKED_SIZE_LF,   /* the LF that ends the size line */
    CHUNKED_DATA,      /* the chunk itself */
    CHUNKED_DATA_CR,   /* the CRLF behind it */
    CHUNKED_DATA_LF,
    CHUNKED_TRAILER_START, /* a trailer field, or the CR of the last line */
    CHUNKED_TRAILER_NAME,
    CHUNKED_TRAILER_VALUE,
    CHUNKED_TRAILER_LF,
    CHUNKED_END_LF, /* the last byte of the body */
    CHUNKED_END,
    CHUNKED_BROKEN,
};

void http_chunked_init(struct http_chunked *chunked, uint64_t max)
{
    *chunked = (struct http_chunked){.state = CHUNKED_SIZE, .max = max};
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

static int after_size(struct http_chunked *chunked, char c)
{
    int value = hex_value(c);

    if (value >= 0) {
        if (++chunked->digits > CHUNKED_MAX_DIGITS)
            return CHUNKED_BROKEN;
        chunked->size = chunked->size * 16 + (uint64_t)value;
        return CHUNKED_SIZE;
    }
    if (chunked->digits == 0)
        return CHUNKED_BROKEN;
    if (c == ';')
        return CHUNKED_EXTENSION;
    return c == '\r' ? CHUNKED_SIZE_LF : CHUNKED_BROKEN;
}

static int after_size_line(struct http_chunked *chunked, char c)
{
    uint64_t size = chunked->size;

    if (c != '\n')
        return CHUNKED_BROKEN;
    chunked->size = 0;
    chunked->digits = 0;
    if (size == 0)
        return CHUNKED_TRAILER_START;
    chunked->left = size;
    chunked->total += size;
    return CHUNKED_DATA;
}

/* Text that is dropped, up to the CR that ends its line. */
static int after_dropped(struct http_chunked *chunked, char c, int same, int at_cr)
{
    if (c == '\r')
        return at_cr;
    if (!http_text_char(c) || ++chunked->overhead > CHUNKED_MAX_OVERHEAD)
        return CHUNKED_BROKEN;
    return same;
}

static int after_trailer_name(struct http_chunked *chunked, char c)
{
    if (c == ':')
        return CHUNKED_TRAILER_VALUE;
    if (!http_token_char(c) || ++chunked->overhead > CHUNKED_MAX_OVERHEAD)
        return CHUNKED_BROKEN;
    return CHUNKED_TRAILER_NAME;
}

static int next_state(struct http_chunked *chunked, char c)
{
    switch (chunked->state) {
    case CHUNKED_SIZE:
        return after_size(chunked, c);
    case CHUNKED_EXTENSION:
        return after_dropped(chunked, c, CHUNKED_EXTENSION, CHUNKED_SIZE_LF);
    case CHUNKED_SIZE_LF:
        return after_size_line(chunked, c);
    case CHUNKED_DATA_CR:
        return c == '\r' ? CHUNKED_DATA_LF : CHUNKED_BROKEN;
    case CHUNKED_DATA_LF:
        return c == '\n' ? CHUNKED_SIZE : CHUNKED_BROKEN;
    case CHUNKED_TRAILER_START:
        if (c == '\r')
            return CHUNKED_END_LF;
        return http_token_char(c) ? after_trailer_name(chunked, c) : CHUNKED_BROKEN;
    case CHUNKED_TRAILER_NAME:
        return after_trailer_name(chunked, c);
    case CHUNKED_TRAILER_VALUE:
        return after_dropped(chunked, c, CHUNKED_TRAILER_VALUE, CHUNKED_TRAILER_LF);
    case CHUNKED_TRAILER_LF:
        return c == '\n' ? CHUNKED_TRAILER_START : CHUNKED_BROKEN;
    case CHUNKED_END_LF:
        return c == '\n' ? CHUNKED_END : CHUNKED_BROKEN;
    default:
        return CHUNKED_BROKEN;
    }
}

static void take_data(struct http_chunked *chunked, const char *data, size_t len,
                      struct http_slice *piece)
{
    piece->data = data;
    piece->len = chunked->left < len ? (size_t)chunked->left : len;
    chunked->left -= piece->len;
    if (chunked->left == 0)
        chunked->state = CHUNKED_DATA_CR;
}

enum http_chunked_event http_chunked_next(struct http_chunked *chunked, const char *data,
                                          size_t len, size_t *used, struct http_slice *piece)
{
    for (size_t i = 0; i < len; i++) {
        if (chunked->state == CHUNKED_DATA) {
            take_data(chunked, data + i, len - i, piece);
            *used = i + piece->len;
            return HTTP_CHUNKED_DATA;
        }
        chunked->state = next_state(chunked, data[i]);
        *used = i + 1;
        if (chunked->state == CHUNKED_BROKEN)
            return HTTP_CHUNKED_MALFORMED;
        if (chunked->state == CHUNKED_END)
            return HTTP_CHUNKED_DONE;
        if (chunked->total > chunked->max)
            return HTTP_CHUNKED_TOO_LARGE;
    }
    *used = len;
    return HTTP_CHUNKED_MORE;
}
