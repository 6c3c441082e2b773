#include "common/base/failpoint.h"

#ifdef COUPON_FAILPOINTS

#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

void failpoint_reach(const char *name)
{
    static atomic_int reached;
    const char *wanted = getenv("COUPON_FAILPOINT");
    size_t len = strlen(name);
    char *action = NULL;
    long turn;

    if (!wanted || strncmp(wanted, name, len) != 0 || (wanted[len] && wanted[len] != ':'))
        return;
    turn = wanted[len] ? strtol(wanted + len + 1, &action, 10) : 1;
    if (atomic_fetch_add(&reached, 1) + 1 == turn)
        raise(action && strcmp(action, ":stop") == 0 ? SIGSTOP : SIGKILL);
}

bool failpoint_without(const char *name)
{
    const char *wanted = getenv("COUPON_FAILPOINT");

    return wanted && strcmp(wanted, name) == 0;
}

#else
typedef int failpoint_unused;
#endif
