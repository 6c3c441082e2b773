#ifndef DLT_TEXT_H
#define DLT_TEXT_H

#include <stdbool.h>

#include "common/base/strbuf.h"
#include "issue-worker/dlt/dlt_scan.h"

/* Dead letters as text and as JSON. Nothing that came from a topic reaches a terminal raw: what is
 * not printable ASCII is written as \xNN. No I/O. Each function appends. */

/* Bytes for people: "…", with what is not printable escaped, or (null). */
void dlt_text_bytes(struct strbuf *out, struct dlt_bytes bytes);

/* Bytes for programs: null, a string where they are printable ASCII, else {"base64":"…"}. */
void dlt_text_json_bytes(struct strbuf *out, struct dlt_bytes bytes);

/* "2022-02-26T11:31:42.123Z", or "-" for a time that can't be. */
void dlt_text_time(struct strbuf *out, int64_t wall_ms);

/* The head of the table, and a letter as a row of it. */
void dlt_text_head(struct strbuf *out);
void dlt_text_row(struct strbuf *out, const struct dlt_view *view);

/* The members of a letter's JSON object that list and show have in common, without braces. topic:
 * the dead-letter topic. */
void dlt_text_json(struct strbuf *out, const struct dlt_view *view, const char *topic);

#endif
