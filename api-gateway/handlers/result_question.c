#include "api-gateway/handlers/result_question.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* Whole seconds, cut to the most there is. */
static bool read_seconds(const char *text, size_t len, int *seconds)
{
    int value = 0;

    if (len == 0 || len > 9)
        return false;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        value = 10 * value + (text[i] - '0');
    }
    *seconds = value < RESULT_WAIT_MAX_S ? value : RESULT_WAIT_MAX_S;
    return true;
}

/* The wait=N of "Prefer: respond-async, wait=10"; RFC 7240 section 4.3. */
static bool read_prefer(const struct http_slice *field, int *seconds)
{
    const char *at = field->data;
    const char *end = at + field->len;

    while (at < end) {
        const char *comma = memchr(at, ',', (size_t)(end - at));
        const char *stop = comma ? comma : end;

        while (at < stop && (*at == ' ' || *at == '\t'))
            at++;
        if (stop - at > 5 && strncasecmp(at, "wait=", 5) == 0) {
            const char *last = at + 5;

            while (last < stop && *last >= '0' && *last <= '9')
                last++;
            return read_seconds(at + 5, (size_t)(last - at - 5), seconds);
        }
        at = stop + 1;
    }
    return false;
}

bool result_question_read(const struct http_request *request, struct result_question *question,
                          char *text, size_t text_size)
{
    const struct http_slice *prefer = http_request_field(request, "prefer");
    struct http_slice value;
    bool twice = false;

    *question = (struct result_question){
        .request_id = request->params[0],
        .location = RESULT_LOCATION_NONE,
    };
    if (prefer)
        question->wait_prefer = read_prefer(prefer, &question->wait_s);
    if (http_request_query(request, "wait", &value, &twice)) {
        if (twice || !read_seconds(value.data, value.len, &question->wait_s)) {
            snprintf(text, text_size, "wait must be given once and be whole seconds from 0 to %d.",
                     RESULT_WAIT_MAX_S);
            return false;
        }
        question->wait_prefer = false;
    }
    if (http_request_query(request, "at", &value, &twice) &&
        (twice || !result_location_parse(value.data, value.len, &question->location))) {
        snprintf(text, text_size, "at must be given once, as it was in resultUrl.");
        return false;
    }
    return true;
}
