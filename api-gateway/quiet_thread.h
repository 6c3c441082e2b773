#ifndef QUIET_THREAD_H
#define QUIET_THREAD_H

#include <pthread.h>

/* Start a thread that takes no signals, so that they reach the main loop alone. No thread to be had
 * ends the process. */
void quiet_thread_start(pthread_t *thread, void *(*run)(void *cookie), void *cookie);

#endif
