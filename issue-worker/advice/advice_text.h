#ifndef ADVICE_TEXT_H
#define ADVICE_TEXT_H

#include "common/base/strbuf.h"
#include "issue-worker/advice/advice_decision.h"

/* What `issue-worker advice` prints. Pure. */

/* A table of the partitions and the advice in words. */
void advice_text_add(struct strbuf *out, const char *topic, const char *group,
                     const struct advice_question *question, const struct advice *advice);

/* The same as one line of JSON. Rates are rounded; a time that is never over is null. */
void advice_text_add_json(struct strbuf *out, const char *topic, const char *group,
                          const struct advice_question *question, const struct advice *advice);

#endif
