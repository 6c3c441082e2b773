#ifndef DLT_COMMAND_H
#define DLT_COMMAND_H

/* `issue-worker dlt`: what an operator can do about dead letters. argv[0] is "dlt"; returns the
 * exit code (sysexits.h). Prints results to standard output, all else to standard error. */
int dlt_command(int argc, char **argv);

#endif
