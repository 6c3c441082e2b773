#ifndef NOTIFICATION_COMMAND_H
#define NOTIFICATION_COMMAND_H

/* issue-worker notification ...: argv[0] is "notification". Returns the exit status. */
int notification_command(int argc, char **argv);

#endif
