#ifndef FAILPOINT_H
#define FAILPOINT_H

#include <stdbool.h>

/* A place where a test can end the process as a power cut would: COUPON_FAILPOINT="name" or
 * "name:3" (the third time) raises SIGKILL there, "name:3:stop" SIGSTOP. And a guard that a test
 * can take away: FAILPOINT_WITHOUT(name) is true when COUPON_FAILPOINT is "name". Compiled into
 * test builds only (make FAILPOINTS=1). */
#ifdef COUPON_FAILPOINTS
#define FAILPOINT(name) failpoint_reach(name)
#define FAILPOINT_WITHOUT(name) failpoint_without(name)
void failpoint_reach(const char *name);
bool failpoint_without(const char *name);
#else
#define FAILPOINT_WITHOUT(name) false
#define FAILPOINT(name) ((void)0)
#endif

#endif
