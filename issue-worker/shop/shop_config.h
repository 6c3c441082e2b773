#ifndef SHOP_CONFIG_H
#define SHOP_CONFIG_H

#include "issue-worker/config.h"

/* What can be set on issue-worker shop: a worker's settings, with a group and topics of its own. */
struct shop_config {
    struct worker_config worker; /* its kafka.topic is not used */
    const char *payment_topic;
    const char *cancel_topic;
};

enum option_result shop_config_read(struct shop_config *config, int argc, char **argv);

#endif
