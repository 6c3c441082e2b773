#ifndef HTTP_REFUSAL_H
#define HTTP_REFUSAL_H

/* Why this layer itself answers a request with an error. Refusals are constants: a function that
 * may refuse returns a pointer to one, or NULL when all is well. */
struct http_refusal {
    int status;
    const char *code;
    const char *detail;
};

#define HTTP_REFUSAL_BAD_REQUEST(detail)                                                           \
    {                                                                                              \
        400, "BAD_REQUEST", detail                                                                 \
    }

#endif
