#include "api-gateway/quiet_thread.h"

#include <signal.h>
#include <string.h>

#include "common/base/check.h"

void quiet_thread_start(pthread_t *thread, void *(*run)(void *cookie), void *cookie)
{
    sigset_t all;
    sigset_t before;
    int error;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    error = pthread_create(thread, NULL, run, cookie);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    CHECK(error == 0, "no thread: %s", strerror(error));
}
