#ifndef PROBE_COMMAND_H
#define PROBE_COMMAND_H

/* `PROGRAM probe`: asks a running program on this host whether it is ready, for supervisors that
 * know health by a command. program as it is called, with "probe"; listen is its
 * --management-listen by default. Returns the exit code: 0 yes, 1 no or no answer, 64 wrong usage;
 * what was answered goes to standard output, all else to standard error. */
int probe_command(const char *program, const char *listen, int argc, char **argv);

#endif
