#include "api-gateway/if_match.h"

#include <string.h>

/* What is still to be read. */
struct reader {
    const char *at;
    const char *end;
};

static void skip_blanks(struct reader *reader)
{
    while (reader->at < reader->end && (*reader->at == ' ' || *reader->at == '\t'))
        reader->at++;
}

static void note(struct if_match *if_match, const char *tag, size_t len)
{
    uint64_t version;

    if (http_slice_id((struct http_slice){tag, len}, &version) && version <= UINT32_MAX &&
        if_match->count < IF_MATCH_VERSIONS_MAX)
        if_match->versions[if_match->count++] = (uint32_t)version;
}

/* W/"…" or "…". A weak tag never matches: If-Match compares strongly. */
static bool read_tag(struct reader *reader, struct if_match *if_match)
{
    bool weak = reader->end - reader->at >= 2 && memcmp(reader->at, "W/", 2) == 0;
    const char *close;

    reader->at += weak ? 2 : 0;
    if (reader->at == reader->end || *reader->at != '"')
        return false;
    reader->at++;
    close = memchr(reader->at, '"', (size_t)(reader->end - reader->at));
    if (!close)
        return false;
    if (!weak)
        note(if_match, reader->at, (size_t)(close - reader->at));
    reader->at = close + 1;
    return true;
}

static bool read_list(struct http_slice value, struct if_match *if_match)
{
    struct reader reader = {value.data, value.data + value.len};

    for (;;) {
        skip_blanks(&reader);
        if (!read_tag(&reader, if_match))
            return false;
        skip_blanks(&reader);
        if (reader.at == reader.end)
            return true;
        if (*reader.at != ',')
            return false;
        reader.at++;
    }
}

bool if_match_read(const struct http_request *request, struct if_match *if_match)
{
    const struct http_slice *value = http_request_field(request, "if-match");
    size_t fields = 0;

    *if_match = (struct if_match){.given = value != NULL};
    if (!value)
        return true;
    for (size_t i = 0; i < request->field_count; i++)
        fields += http_slice_is(request->fields[i].name, "if-match");
    if (fields > 1)
        return false;
    if_match->any = http_slice_is(*value, "*");
    return if_match->any || read_list(*value, if_match);
}

bool if_match_fits(const struct if_match *if_match, uint32_t version)
{
    if (!if_match->given || if_match->any)
        return true;
    for (size_t i = 0; i < if_match->count; i++)
        if (if_match->versions[i] == version)
            return true;
    return false;
}
