#ifndef FAILPOINT_H
#define FAILPOINT_H

/* A place where a test can end the process as a power cut would. COUPON_FAILPOINT="name" or
 * "name:3" (the third time) raises SIGKILL there. Compiled into test builds only (make
 * FAILPOINTS=1). */
#ifdef COUPON_FAILPOINTS
#define FAILPOINT(name) failpoint_reach(name)
void failpoint_reach(const char *name);
#else
#define FAILPOINT(name) ((void)0)
#endif

#endif
