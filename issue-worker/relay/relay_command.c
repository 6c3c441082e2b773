#include "issue-worker/relay/relay_command.h"

#include <sysexits.h>

#include "common/base/log.h"
#include "common/mysql/sql_session.h"
#include "issue-worker/relay/outbox_relay.h"

int relay_command(int argc, char **argv)
{
    struct relay_options options = {0};
    enum log_level level = LOG_LEVEL_INFO;

    switch (relay_options_read(&options, argc, argv)) {
    case OPTION_EXIT_OK:
        return EX_OK;
    case OPTION_EXIT_USAGE:
        return EX_USAGE;
    case OPTION_RUN:
        break;
    }
    log_level_parse(options.log_level, &level);
    log_init("issue-worker-relay", level);
    privilege_drop(&options.privilege);
    sql_library_start();
    return outbox_relay_run(&options);
}
