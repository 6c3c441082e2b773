#ifndef OPTION_H
#define OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The longest name in a table; the longest flag is "--" and "-file" more. */
#define OPTION_NAME_MAX 48
#define OPTION_LIST_MAX 32

/* One table gives the flags, the environment variables, --help, the bounds and the defaults.
 * --kafka-brokers is also COUPON_KAFKA_BROKERS; the flag wins, and an empty variable
 * counts as not set. A secret is never a flag: the table entry "mysql-password" with OPTION_SECRET
 * gives --mysql-password-file FILE, COUPON_MYSQL_PASSWORD_FILE and COUPON_MYSQL_PASSWORD; it has no
 * default. */
enum option_type {
    OPTION_TEXT,   /* const char *; min…max: its length in bytes */
    OPTION_NUMBER, /* int64_t; min…max */
    OPTION_CHOICE, /* const char *: one of choices */
    OPTION_LIST,   /* struct option_list: the flag may be given again; environment: split at ',' */
    OPTION_SECRET, /* const char *: content of a file up to 64 KiB, one trailing newline removed */
    OPTION_FLAG,   /* bool: --name or --no-name; environment and default: true or false */
};

struct option_list {
    const char *items[OPTION_LIST_MAX];
    size_t count;
};

struct option_spec {
    const char *name;
    enum option_type type;
    size_t offset;             /* of the field in the configuration struct */
    size_t file_offset;        /* of a secret: of the field for its file's path, which stays NULL
                                  without a file; 0: none is wanted */
    const char *default_value; /* as text; NULL: none, and then it must be given when required */
    bool required;
    bool flag_only;       /* no environment variable: it is about one run */
    int64_t min, max;     /* both 0: no bounds */
    const char *choices;  /* "off|jwt" */
    const char *argument; /* how --help names the value, e.g. "HOST:PORT" */
    const char *help;     /* one sentence; the default and bounds are added by --help itself */
};

/* A table together with the struct that it fills. */
struct option_group {
    const char *title; /* heading in --help */
    const struct option_spec *specs;
    size_t spec_count;
    void *target; /* NULL: a table of another command in the same environment. It has no flags here,
                     but its variables are nothing to warn of; without specs, no variable is */
};

enum option_result { OPTION_RUN, OPTION_EXIT_OK, OPTION_EXIT_USAGE };

/* Read defaults, then the environment, then argv into the targets. Prints --help and --version to
 * standard output (OPTION_EXIT_OK); a mistake to standard error, with the option, what is wrong and
 * what is allowed (OPTION_EXIT_USAGE; exit code 64 by convention). Texts live until the process
 * ends. A field without a value and a default keeps what it had. A COUPON_ variable that is in no
 * group is warned of on standard error, since it may be a typing mistake. usage is the synopsis
 * line, about a paragraph below it. Start of main only. */
enum option_result option_read(const char *program, const char *usage, const char *about,
                               const struct option_group *groups, size_t group_count, int argc,
                               char **argv);

#endif
