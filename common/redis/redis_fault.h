#ifndef REDIS_FAULT_H
#define REDIS_FAULT_H

/* What an error reply says about the server that gave it. Policy switches on this, never on text.
 */
enum redis_fault {
    REDIS_FAULT_COMMAND, /* it won't do this command now; the next one may go well */
    REDIS_FAULT_SERVER   /* it can't serve us: leave it, and look for the primary again */
};

/* Class of an error reply by its first word, such as "READONLY You can't write against a read only
 * replica."; the words are those of Redis' shared replies
 * (https://github.com/redis/redis/blob/7.0/src/server.c, createSharedObjects). */
enum redis_fault redis_fault_classify(const char *text);

#endif
