#ifndef PROBE_H
#define PROBE_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/address.h"
#include "common/base/strbuf.h"

/* Asking a program on this host how it is, over its management listener. */

/* The address to ask where something listens on this one: itself, or loopback where it is every
 * address of the host. */
struct address probe_address(const struct address *listen);

/* GET path, HTTP/1.1; blocks for timeout_ms at most for each step. The status of the answer, 0 when
 * there was none that is HTTP; said then holds why, else the answer's body, up to 64 KiB. */
unsigned probe_ask(const struct address *address, const char *path, int64_t timeout_ms,
                   struct strbuf *said);

/* Take an answer apart: its status, or 0; body points into answer, which is ended by NUL. */
unsigned probe_read_answer(const char *answer, const char **body);

#endif
