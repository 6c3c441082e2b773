#ifndef ADVICE_COMMAND_H
#define ADVICE_COMMAND_H

/* `issue-worker advice`: how many consumers help, and whether more partitions would. argv[0] is
 * "advice"; returns the exit code (sysexits.h). */
int advice_command(int argc, char **argv);

#endif
