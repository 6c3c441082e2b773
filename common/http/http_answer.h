#ifndef HTTP_ANSWER_H
#define HTTP_ANSWER_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/strbuf.h"

struct http_answer {
    int status;
    const char *content_type;
    const char *fields; /* "Name: value\r\n" lines, or NULL; where they begin with Cache-Control,
                         * the answer is not no-store */
    const char *more_fields; /* the same, but for that */
    const char *body;
    size_t body_len;
    bool to_head; /* answers HEAD: the head of the answer only */
    bool close;   /* the last answer on its connection */
};

/* Add the bytes of answer, head and body, to out. date is the value of its Date field. */
void http_answer_write(struct strbuf *out, const struct http_answer *answer, const char *date);

#endif
