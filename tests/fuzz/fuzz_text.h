#ifndef FUZZ_TEXT_H
#define FUZZ_TEXT_H

/* Inputs in lines, so that they can be written and read by hand. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/http/http_request.h"

struct fuzz_text {
    const char *at, *end;
};

/* Take the next line off, without its LF; empty when there is none. */
static inline struct http_slice fuzz_line(struct fuzz_text *text)
{
    size_t left = (size_t)(text->end - text->at);
    const char *lf = left > 0 ? memchr(text->at, '\n', left) : NULL;
    struct http_slice line = {text->at, lf != NULL ? (size_t)(lf - text->at) : left};

    text->at += lf != NULL ? line.len + 1 : line.len;
    return line;
}

static inline struct http_slice fuzz_rest(const struct fuzz_text *text)
{
    return (struct http_slice){text->at, (size_t)(text->end - text->at)};
}

/* A copy of exactly its size, so that a read beyond it is seen; free(). */
static inline char *fuzz_copy(struct http_slice slice)
{
    char *copy = calloc(1, slice.len);

    if (slice.len > 0)
        memcpy(copy, slice.data, slice.len);
    return copy;
}

/* The same with a NUL behind it, for what takes strings; a NUL inside ends it. */
static inline char *fuzz_string(struct http_slice slice)
{
    char *copy = malloc(slice.len + 1);

    if (slice.len > 0)
        memcpy(copy, slice.data, slice.len);
    copy[slice.len] = '\0';
    return copy;
}

/* A decimal number min…max, of digits alone; with leading zeros only where zeros is set. */
static inline bool fuzz_decimal(struct http_slice digits, bool zeros, uint64_t min, uint64_t max,
                                uint64_t *number)
{
    unsigned __int128 value = 0;

    if (digits.len == 0 || (!zeros && digits.len > 1 && digits.data[0] == '0'))
        return false;
    for (size_t i = 0; i < digits.len; i++) {
        if (digits.data[i] < '0' || digits.data[i] > '9' || value > UINT64_MAX)
            return false;
        value = value * 10 + (unsigned)(digits.data[i] - '0');
    }
    *number = (uint64_t)value;
    return value >= min && value <= max;
}

static inline bool fuzz_same(struct http_slice slice, const char *text)
{
    return slice.len == strlen(text) && memcmp(slice.data, text, slice.len) == 0;
}

/* The value of name in "a=b&c=d", once more and plainly. Returns how often it is there; value is
 * the first one's, empty without a '='. */
static inline size_t fuzz_query(struct http_slice query, const char *name, struct http_slice *value)
{
    size_t count = 0, start = 0;

    *value = (struct http_slice){query.data, 0};
    for (size_t i = 0; i <= query.len; i++) {
        size_t equals = start;

        if (i < query.len && query.data[i] != '&')
            continue;
        while (equals < i && query.data[equals] != '=')
            equals++;
        if (fuzz_same((struct http_slice){query.data + start, equals - start}, name) &&
            (i > start || i < query.len) && count++ == 0)
            *value = equals < i ? (struct http_slice){query.data + equals + 1, i - equals - 1}
                                : (struct http_slice){query.data + i, 0};
        start = i + 1;
    }
    return count;
}

#endif
