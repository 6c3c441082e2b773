#ifndef IF_MATCH_H
#define IF_MATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "common/http/http_request.h"

/* If-Match (RFC 9110) on a coupon's version, whose entity tag is the version in quotes. Pure. */
#define IF_MATCH_VERSIONS_MAX 8

struct if_match {
    bool given;
    bool any; /* "*" */
    size_t count;
    uint32_t versions[IF_MATCH_VERSIONS_MAX];
};

/* Read the field. Tags that can't be one of ours, weak ones too, match nothing. False: it is no
 * list of entity tags, or came more than once. */
bool if_match_read(const struct http_request *request, struct if_match *if_match);

/* True also where no If-Match was given. */
bool if_match_fits(const struct if_match *if_match, uint32_t version);

#endif
