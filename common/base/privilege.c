#include "common/base/privilege.h"

#include <errno.h>
#include <limits.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/base/log.h"

/* LeakSanitizer attaches to its own process as a debugger. */
#if defined(__SANITIZE_ADDRESS__)
#define DEBUGGED_BY_ITSELF true
#else
#define DEBUGGED_BY_ITSELF false
#endif

const struct option_spec privilege_option_specs[] = {
    {.name = "core-dumps",
     .type = OPTION_FLAG,
     .offset = offsetof(struct privilege_options, core_dumps),
     .help = "Allow core files and debuggers. Both see the program's secrets, so do it only to "
             "look for a fault."},
};

const size_t privilege_option_count =
    sizeof privilege_option_specs / sizeof privilege_option_specs[0];

static void expect(int result, const char *what)
{
    if (result != 0)
        log_warn("privilege_kept", "%s: %s", what, strerror(errno));
}

/* By hand: libcap would be one more library for these two calls. */
static void drop_capabilities(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
    const __u32 kept = 1U << CAP_NET_BIND_SERVICE;

    if (syscall(SYS_capget, &header, data) != 0) {
        expect(-1, "capget");
        return;
    }
    if (data[0].effective & 1U << CAP_SETPCAP)
        for (unsigned long cap = 0; prctl(PR_CAPBSET_READ, cap) >= 0; cap++)
            if (cap != CAP_NET_BIND_SERVICE)
                expect(prctl(PR_CAPBSET_DROP, cap), "bounding set");
    data[0] = (struct __user_cap_data_struct){
        .effective = data[0].effective & kept,
        .permitted = data[0].permitted & kept,
    };
    data[1] = (struct __user_cap_data_struct){0};
    expect((int)syscall(SYS_capset, &header, data), "capset");
}

static void forbid_core_dumps(void)
{
    const struct rlimit none = {0, 0};

    expect(setrlimit(RLIMIT_CORE, &none), "RLIMIT_CORE");
    if (!DEBUGGED_BY_ITSELF)
        expect(prctl(PR_SET_DUMPABLE, 0), "PR_SET_DUMPABLE");
}

void privilege_drop(const struct privilege_options *options)
{
    if (geteuid() == 0)
        log_warn("runs_as_root", "this program needs no privileges; give it a user of its own");
    expect(close_range(STDERR_FILENO + 1, UINT_MAX, 0), "close_range");
    umask(S_IRWXG | S_IRWXO);
    expect(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "PR_SET_NO_NEW_PRIVS");
    drop_capabilities();
    if (!options->core_dumps)
        forbid_core_dumps();
}
