#include "common/redis/redis_fault.h"

#include <stddef.h>
#include <string.h>

static const char *const server_words[] = {
    "READONLY",    /* a replica: it was the primary before a failover */
    "LOADING",     /* it reads its data set first */
    "MASTERDOWN",  /* a replica without its primary */
    "NOREPLICAS",  /* a primary that lost its replicas: perhaps there is another one by now */
    "NOAUTH",      /* it was started anew with a password */
    "WRONGPASS",   /* the password was changed */
    "CLUSTERDOWN", /* not the kind of server that we can use, or not now */
    "MOVED",       "IDONTKNOW", /* a Sentinel that does not know its primary yet */
};

enum redis_fault redis_fault_classify(const char *text)
{
    size_t len = strcspn(text, " ");

    for (size_t i = 0; i < sizeof server_words / sizeof server_words[0]; i++)
        if (strlen(server_words[i]) == len && memcmp(server_words[i], text, len) == 0)
            return REDIS_FAULT_SERVER;
    return REDIS_FAULT_COMMAND;
}
