#include "common/http/http_answer.h"

#include <string.h>

#include "common/http/http_status.h"
#include "common/base/check.h"

/* More than the fixed parts of a head, its numbers and the longest reason phrase. */
#define ANSWER_FIXED_MAX 320

static char *put(char *at, const char *bytes, size_t len)
{
    memcpy(at, bytes, len);
    return at + len;
}

#define PUT_LITERAL(at, literal) put(at, literal, sizeof(literal) - 1)

static char *put_text(char *at, const char *text)
{
    return put(at, text, strlen(text));
}

static char *put_number(char *at, size_t number)
{
    char digits[20];
    size_t start = sizeof digits;

    do {
        digits[--start] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    return put(at, digits + start, sizeof digits - start);
}

void http_answer_write(struct strbuf *out, const struct http_answer *answer, const char *date)
{
    size_t fields_len = answer->fields != NULL ? strlen(answer->fields) : 0;
    size_t more_len = answer->more_fields != NULL ? strlen(answer->more_fields) : 0;
    bool has_content = answer->status != 204 && answer->status != 304;
    size_t room =
        ANSWER_FIXED_MAX + strlen(answer->content_type) + fields_len + more_len + answer->body_len;
    char *start = strbuf_reserve(out, room);
    char *at = start;

    CHECK(answer->status >= 200 && answer->status <= 599, "status=%d", answer->status);
    CHECK(fields_len == 0 || (fields_len > 2 && answer->fields[fields_len - 1] == '\n'),
          "fields=%s", answer->fields);
    CHECK(has_content || answer->body_len == 0, "status=%d", answer->status);

    at = PUT_LITERAL(at, "HTTP/1.1 ");
    at = put_number(at, (size_t)answer->status);
    at = PUT_LITERAL(at, " ");
    at = put_text(at, http_status_reason(answer->status));
    if (has_content) {
        at = PUT_LITERAL(at, "\r\nContent-Type: ");
        at = put_text(at, answer->content_type);
        at = PUT_LITERAL(at, "\r\nContent-Length: ");
        at = put_number(at, answer->body_len);
    }
    at = PUT_LITERAL(at, "\r\nDate: ");
    at = put_text(at, date);
    at = PUT_LITERAL(at, "\r\n");
    if (fields_len == 0 || strncmp(answer->fields, "Cache-Control: ", 15) != 0)
        at = PUT_LITERAL(at, "Cache-Control: no-store\r\n");
    if (fields_len > 0)
        at = put(at, answer->fields, fields_len);
    if (more_len > 0)
        at = put(at, answer->more_fields, more_len);
    if (answer->close)
        at = PUT_LITERAL(at, "Connection: close\r\n");
    at = PUT_LITERAL(at, "\r\n");
    if (!answer->to_head && answer->body_len > 0)
        at = put(at, answer->body, answer->body_len);

    CHECK((size_t)(at - start) <= room, "room=%zu", room);
    out->len += (size_t)(at - start);
    out->data[out->len] = '\0';
}
