/* Goal: what a program does not need is gone, for good, and what a setting keeps is kept. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/privilege.h"

/* What is left to a process afterwards, one bit each; 0 is all well. */
enum left { LEFT_DEBUGGER = 1, LEFT_CORE = 2, LEFT_EXEC = 4, LEFT_CAPS = 8, LEFT_FD = 16 };

static int look(int stray)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
    struct rlimit core;
    int left = 0;

    if (prctl(PR_GET_DUMPABLE) != 0)
        left |= LEFT_DEBUGGER;
    if (getrlimit(RLIMIT_CORE, &core) != 0 || core.rlim_cur != 0 || core.rlim_max != 0)
        left |= LEFT_CORE;
    if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
        left |= LEFT_EXEC;
    if (syscall(SYS_capget, &header, data) != 0 || data[1].permitted != 0 ||
        (data[0].permitted & ~(1U << CAP_NET_BIND_SERVICE)) != 0 || data[0].inheritable != 0 ||
        prctl(PR_CAPBSET_READ, CAP_SYS_ADMIN) > (geteuid() == 0 ? 0 : 1))
        left |= LEFT_CAPS;
    if (fcntl(stray, F_GETFD) != -1 || errno != EBADF || umask(0) != 077)
        left |= LEFT_FD;
    return left;
}

static int left_after(const struct privilege_options *options)
{
    pid_t child = fork();
    int status;

    if (child == 0) {
        int stray = open("/dev/null", O_RDONLY | O_CLOEXEC);

        privilege_drop(options);
        _exit(look(stray));
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* LeakSanitizer debugs its own process. */
#if defined(__SANITIZE_ADDRESS__)
#define ALLOWED LEFT_DEBUGGER
#else
#define ALLOWED 0
#endif

static void nothing_is_kept(void **state)
{
    const struct privilege_options options = {0};

    (void)state;
    assert_int_equal(left_after(&options), ALLOWED);
}

static void core_dumps_are_kept_on_request_and_nothing_else(void **state)
{
    const struct privilege_options options = {.core_dumps = true};
    const struct rlimit some = {4096, 4096};

    (void)state;
    assert_int_equal(setrlimit(RLIMIT_CORE, &some), 0);
    assert_int_equal(left_after(&options), LEFT_DEBUGGER | LEFT_CORE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_kept),
        cmocka_unit_test(core_dumps_are_kept_on_request_and_nothing_else),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
