#ifndef NOTIFICATION_FILE_H
#define NOTIFICATION_FILE_H

#include "issue-worker/events/event_sink.h"

/* Notifications as a file: one line of JSON for each event of a user's coupon, the event itself
 * with its place in the topic before it: {"partition":0,"offset":17,"schemaVersion":1,…}.
 *
 * The file says itself how far it is. Lines are written and synced before the group's offset is
 * committed, and whoever opens the file takes half a line back and goes on behind the last one of
 * each partition: so each event is one line of the file, killed wherever, and one that was
 * published again is left out as long as its first line is among the last some thousands. Where a
 * partition goes to a program with another file, what was written and not committed is there too.
 * The file may be renamed at any time; the next batch begins a new one. */
struct notification_file;

/* Open or make it. NULL: error says why (it can't be written, another program has it). path
 * outlives it. */
struct notification_file *notification_file_open(const char *path, char *error, size_t error_size);
void notification_file_close(struct notification_file *file);

/* The file as a sink. */
struct event_sink notification_file_sink(struct notification_file *file);

#endif
