#ifndef KEY_FILE_H
#define KEY_FILE_H

#include <stdbool.h>

#include "common/base/strbuf.h"

/* Append the content of a file of at most 64 KiB. False: problem says why not. */
bool key_file_read(const char *path, struct strbuf *content, struct strbuf *problem);

/* Overwrite and free what was read. */
void key_file_wipe(struct strbuf *content);

#endif
