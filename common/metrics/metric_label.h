#ifndef METRIC_LABEL_H
#define METRIC_LABEL_H

#include "common/base/strbuf.h"

/* Append name="value" to labels, after a comma where something stands there already: the text that
 * metrics.h takes. value may be anything: it is escaped, and what is not UTF-8 in it replaced,
 * since one line that Prometheus can't read spoils the whole answer. */
void metric_label_add(struct strbuf *labels, const char *name, const char *value);

#endif
