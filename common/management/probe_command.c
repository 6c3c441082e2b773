#include "common/management/probe_command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/base/address.h"
#include "common/base/option.h"
#include "common/base/strbuf.h"
#include "common/management/probe.h"

struct probe_options {
    const char *listen;
    int64_t timeout_ms;
};

static enum option_result read_options(struct probe_options *options, const char *program,
                                       const char *listen, int argc, char **argv)
{
    const struct option_spec specs[] = {
        {.name = "management-listen",
         .type = OPTION_TEXT,
         .offset = offsetof(struct probe_options, listen),
         .default_value = listen,
         .min = 3,
         .max = 255,
         .argument = "HOST:PORT",
         .help = "As the program has it. Where it listens on all addresses, loopback is asked."},
        {.name = "timeout",
         .type = OPTION_NUMBER,
         .offset = offsetof(struct probe_options, timeout_ms),
         .flag_only = true,
         .default_value = "2000",
         .min = 10,
         .max = 60000,
         .argument = "MILLISECONDS",
         .help = "Longest wait."},
    };
    const struct option_group groups[] = {
        {"Probe", specs, sizeof specs / sizeof specs[0], options},
        {"The program's own", NULL, 0, NULL},
    };
    struct strbuf usage = STRBUF_INIT;
    enum option_result result;

    strbuf_addf(&usage, "%s [ready|live] [OPTION]...", program);
    result = option_read(program, usage.data,
                         "Asks the program of the same name that runs on this host, and has the "
                         "same environment, whether it is ready (the default), or alive. Exit "
                         "codes: 0 yes, 1 no or no answer, 64 wrong usage.",
                         groups, sizeof groups / sizeof groups[0], argc, argv);
    strbuf_free(&usage);
    return result;
}

static int ask(const char *program, const struct address *listen, const char *path,
               int64_t timeout_ms)
{
    const struct address address = probe_address(listen);
    struct strbuf said = STRBUF_INIT;
    unsigned status = probe_ask(&address, path, timeout_ms, &said);

    if (status == 0)
        fprintf(stderr, "%s: %s port %u: %s\n", program, address.host, address.port, said.data);
    else
        fputs(said.data ? said.data : "", stdout);
    strbuf_free(&said);
    return status == 200 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int probe_command(const char *program, const char *listen, int argc, char **argv)
{
    const char *path = "/readyz";
    struct probe_options options = {0};
    struct address address;

    if (argc > 1 && argv[1][0] != '-') {
        if (strcmp(argv[1], "live") == 0) {
            path = "/livez";
        } else if (strcmp(argv[1], "ready") != 0) {
            fprintf(stderr, "%s: \"%s\" is neither ready nor live\n", program, argv[1]);
            return EX_USAGE;
        }
        argc--;
        argv++;
    }
    switch (read_options(&options, program, listen, argc, argv)) {
    case OPTION_EXIT_OK:
        return EX_OK;
    case OPTION_EXIT_USAGE:
        return EX_USAGE;
    case OPTION_RUN:
        break;
    }
    if (!address_parse(options.listen, &address)) {
        fprintf(stderr, "%s: --management-listen %s: give a numeric HOST:PORT\n", program,
                options.listen);
        return EX_USAGE;
    }
    return ask(program, &address, path, options.timeout_ms);
}
