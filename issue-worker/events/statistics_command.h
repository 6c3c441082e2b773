#ifndef STATISTICS_COMMAND_H
#define STATISTICS_COMMAND_H

/* issue-worker statistics ...: argv[0] is "statistics". Returns the exit status. */
int statistics_command(int argc, char **argv);

#endif
