#ifndef PROCESS_METRICS_H
#define PROCESS_METRICS_H

#include "common/base/strbuf.h"

/* Append what is true of any process, under the names that Prometheus' client libraries use
 * (https://prometheus.io/docs/instrumenting/writing_clientlibs/#process-metrics), read from /proc
 * at the moment; what can't be read is left out. And coupon_build_info. Any thread. */
void process_metrics_write(struct strbuf *out);

#endif
