#include "common/base/strbuf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/check.h"
#include "common/base/log.h"

#define FIRST_CAPACITY 64

static const char digit_pairs[201] = "00010203040506070809"
                                     "10111213141516171819"
                                     "20212223242526272829"
                                     "30313233343536373839"
                                     "40414243444546474849"
                                     "50515253545556575859"
                                     "60616263646566676869"
                                     "70717273747576777879"
                                     "80818283848586878889"
                                     "90919293949596979899";

void strbuf_free(struct strbuf *buffer)
{
    free(buffer->data);
    *buffer = (struct strbuf)STRBUF_INIT;
}

void strbuf_clear(struct strbuf *buffer)
{
    buffer->len = 0;
    if (buffer->data != NULL)
        buffer->data[0] = '\0';
}

static void grow(struct strbuf *buffer, size_t needed)
{
    size_t capacity = buffer->capacity > FIRST_CAPACITY ? buffer->capacity : FIRST_CAPACITY;
    char *data;

    while (capacity < needed)
        capacity *= 2;
    data = realloc(buffer->data, capacity);
    if (data == NULL) {
        log_error("out_of_memory", "no %zu bytes for a buffer", capacity);
        abort();
    }
    buffer->data = data;
    buffer->capacity = capacity;
}

char *strbuf_reserve(struct strbuf *buffer, size_t extra)
{
    CHECK(extra < SIZE_MAX / 4 && buffer->len < SIZE_MAX / 4, "buffer of %zu + %zu bytes",
          buffer->len, extra);
    if (buffer->len + extra + 1 > buffer->capacity)
        grow(buffer, buffer->len + extra + 1);
    return buffer->data + buffer->len;
}

void strbuf_add_u64(struct strbuf *buffer, uint64_t number)
{
    char digits[20];
    size_t start = sizeof digits;

    while (number >= 100) {
        start -= 2;
        memcpy(digits + start, digit_pairs + 2 * (number % 100), 2);
        number /= 100;
    }
    if (number >= 10) {
        start -= 2;
        memcpy(digits + start, digit_pairs + 2 * number, 2);
    } else {
        digits[--start] = (char)('0' + number);
    }
    strbuf_add(buffer, digits + start, sizeof digits - start);
}

void strbuf_addf(struct strbuf *buffer, const char *format, ...)
{
    va_list arguments;
    size_t room;
    int len;

    strbuf_reserve(buffer, 0);
    room = buffer->capacity - buffer->len;
    va_start(arguments, format);
    len = vsnprintf(buffer->data + buffer->len, room, format, arguments);
    va_end(arguments);
    CHECK(len >= 0, "format \"%s\" cannot be written", format);
    if ((size_t)len >= room) {
        strbuf_reserve(buffer, (size_t)len);
        va_start(arguments, format);
        vsnprintf(buffer->data + buffer->len, (size_t)len + 1, format, arguments);
        va_end(arguments);
    }
    buffer->len += (size_t)len;
}
