#include "common/http/http_framing.h"

#include <string.h>

#include "common/http/http_target.h"

static const struct http_refusal bad_host =
    HTTP_REFUSAL_BAD_REQUEST("Exactly one valid Host is needed.");
static const struct http_refusal bad_length =
    HTTP_REFUSAL_BAD_REQUEST("Content-Length must be given once, as a plain decimal number.");
static const struct http_refusal bad_encoding =
    HTTP_REFUSAL_BAD_REQUEST("Transfer-Encoding can only be \"chunked\", once, in HTTP/1.1.");
static const struct http_refusal bad_mix =
    HTTP_REFUSAL_BAD_REQUEST("Content-Length and Transfer-Encoding can't go together.");

struct framing_counts {
    int hosts;
    int lengths;
    int encodings;
};

/* No sign, no list, no leading zero, and no more than fits. */
static bool read_length(struct http_slice value, uint64_t *length)
{
    if (http_slice_is(value, "0")) {
        *length = 0;
        return true;
    }
    return http_slice_id(value, length);
}

static void read_expect(struct http_framing *framing, struct http_slice value)
{
    if (http_slice_is_nocase(value, "100-continue"))
        framing->expect_continue = true;
    else
        framing->expect_other = true;
}

static bool is_json(struct http_slice value)
{
    const char *semicolon = memchr(value.data, ';', value.len);

    if (semicolon != NULL)
        value.len = (size_t)(semicolon - value.data);
    while (value.len > 0 && (value.data[value.len - 1] == ' ' || value.data[value.len - 1] == '\t'))
        value.len--;
    return http_slice_is_nocase(value, "application/json");
}

/* Field names are compared by length first: most requests have none of these but Host. */
static const struct http_refusal *read_field(struct http_framing *framing,
                                             struct framing_counts *counts,
                                             const struct http_field *field)
{
    struct http_slice name = field->name;
    struct http_slice value = field->value;

    switch (name.len) {
    case sizeof "host" - 1:
        if (http_slice_is(name, "host") && (counts->hosts++ > 0 || !http_target_is_host(value)))
            return &bad_host;
        break;
    case sizeof "expect" - 1:
        if (http_slice_is(name, "expect"))
            read_expect(framing, value);
        break;
    case sizeof "content-type" - 1:
        if (http_slice_is(name, "content-type"))
            framing->json = is_json(value);
        break;
    case sizeof "content-length" - 1:
        if (http_slice_is(name, "content-length") &&
            (counts->lengths++ > 0 || !read_length(value, &framing->content_length)))
            return &bad_length;
        break;
    case sizeof "transfer-encoding" - 1:
        if (http_slice_is(name, "transfer-encoding") &&
            (counts->encodings++ > 0 || !http_slice_is_nocase(value, "chunked")))
            return &bad_encoding;
        break;
    default:
        break;
    }
    return NULL;
}

const struct http_refusal *http_framing_read(struct http_framing *framing,
                                             const struct http_request *request, bool http_1_0)
{
    struct framing_counts counts = {0, 0, 0};

    *framing = (struct http_framing){0};
    for (size_t i = 0; i < request->field_count; i++) {
        const struct http_refusal *refusal = read_field(framing, &counts, &request->fields[i]);

        if (refusal != NULL)
            return refusal;
    }
    if (counts.hosts == 0 && !http_1_0)
        return &bad_host;
    if (counts.encodings > 0 && counts.lengths > 0)
        return &bad_mix;
    if (counts.encodings > 0 && http_1_0)
        return &bad_encoding;
    framing->chunked = counts.encodings > 0;
    if (http_1_0) {
        framing->expect_continue = false;
        framing->expect_other = false;
    }
    return NULL;
}

bool http_framing_has_body(const struct http_framing *framing)
{
    return framing->chunked || framing->content_length > 0;
}
