#ifndef RELAY_COMMAND_H
#define RELAY_COMMAND_H

/* issue-worker relay ...: argv[0] is "relay". Returns the exit status. */
int relay_command(int argc, char **argv);

#endif
