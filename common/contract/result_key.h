#ifndef RESULT_KEY_H
#define RESULT_KEY_H

#include <stdbool.h>

#include "common/contract/request_id.h"

/* Where Redis keeps the result of a request, so that a worker writes a batch with a few commands.
 *
 *   coupon:results:{time}        hash of requestId to result, for ids that begin with their time
 *                                (UUIDv7, as our gateways make them): time = the first ten digits,
 *                                which change every 256 ms
 *   coupon:result:{requestId}    the result, for all other ids
 *
 * A result is its JSON; each key has a time to live, a hash from its last write on. */
#define RESULT_KEY_PREFIX "coupon:result:"
#define RESULT_KEY_HASH_PREFIX "coupon:results:"
#define RESULT_KEY_SIZE (sizeof RESULT_KEY_PREFIX + REQUEST_ID_MAX)

/* Write the key under which request_id's result is; true: it is a field of a hash there. */
bool result_key(const char *request_id, char key[RESULT_KEY_SIZE]);

#endif
