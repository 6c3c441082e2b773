#ifndef SERVICE_H
#define SERVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What issue-worker's further modes (relay, statistics, notification) have in common: one thread
 * that works until SIGTERM or SIGINT, and a management listener with /livez, /readyz and /metrics.
 */
struct service;

struct service_work {
    const char *management_listen; /* HOST:PORT */
    const char *ready_name;        /* what /readyz says of service_set_ready */
    size_t descriptors;            /* that the work opens, with one broker */
    /* The thread: works until service_stopping, or gives up; returns the exit status. */
    int (*run)(struct service *service, void *cookie);
    void *cookie;
};

/* Run it; returns the process's exit status when the thread has ended. Main thread. */
int service_run(const struct service_work *work);

/* For the work's thread. A rest ends early when the service is told to stop. */
bool service_stopping(const struct service *service);
void service_set_ready(struct service *service, bool ready);
void service_rest(struct service *service, int64_t duration_us);

#endif
