#include "common/metrics/process_metrics.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static void add_head(struct strbuf *out, const char *name, const char *type, const char *help)
{
    strbuf_addf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static double seconds_of(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

static void add_cpu(struct strbuf *out)
{
    struct rusage usage;

    if (getrusage(RUSAGE_SELF, &usage) != 0)
        return;
    add_head(out, "process_cpu_seconds_total", "counter", "User and system CPU time spent.");
    strbuf_addf(out, "process_cpu_seconds_total %.6f\n",
                seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime));
}

static void add_memory(struct strbuf *out)
{
    FILE *file = fopen("/proc/self/statm", "re");
    unsigned long pages;

    if (!file)
        return;
    if (fscanf(file, "%*u %lu", &pages) == 1) {
        add_head(out, "process_resident_memory_bytes", "gauge", "Resident memory.");
        strbuf_addf(out, "process_resident_memory_bytes %" PRIu64 "\n",
                    (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE));
    }
    fclose(file);
}

static void add_descriptors(struct strbuf *out)
{
    DIR *directory = opendir("/proc/self/fd");
    struct rlimit limit;
    int count = -1; /* the directory's own */

    if (!directory)
        return;
    for (const struct dirent *entry; (entry = readdir(directory));)
        count += entry->d_name[0] != '.';
    closedir(directory);
    add_head(out, "process_open_fds", "gauge", "Open file descriptors.");
    strbuf_addf(out, "process_open_fds %d\n", count);
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
        return;
    add_head(out, "process_max_fds", "gauge", "Most file descriptors that may be open.");
    strbuf_addf(out, "process_max_fds %" PRIu64 "\n", (uint64_t)limit.rlim_cur);
}

/* Field 22 of /proc/self/stat, in ticks since boot; the name before it may hold anything. */
static void add_start(struct strbuf *out)
{
    FILE *file = fopen("/proc/self/stat", "re");
    struct timespec wall, boot;
    unsigned long long ticks;
    char line[1024];
    const char *at;

    if (!file)
        return;
    at = fgets(line, sizeof line, file) ? strrchr(line, ')') : NULL;
    fclose(file);
    if (!at || sscanf(at + 1,
                      " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d "
                      "%*d %llu",
                      &ticks) != 1)
        return;
    clock_gettime(CLOCK_REALTIME, &wall);
    clock_gettime(CLOCK_BOOTTIME, &boot);
    add_head(out, "process_start_time_seconds", "gauge", "When it was started, since the epoch.");
    strbuf_addf(out, "process_start_time_seconds %.3f\n",
                (double)(wall.tv_sec - boot.tv_sec) + (double)(wall.tv_nsec - boot.tv_nsec) / 1e9 +
                    (double)ticks / (double)sysconf(_SC_CLK_TCK));
}

void process_metrics_write(struct strbuf *out)
{
    add_head(out, "coupon_build_info", "gauge", "1; which version runs.");
    strbuf_add_text(out, "coupon_build_info{version=\"" COUPON_VERSION "\"} 1\n");
    add_cpu(out);
    add_memory(out);
    add_descriptors(out);
    add_start(out);
}
