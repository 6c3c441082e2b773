#ifndef OPTION_SECRET_H
#define OPTION_SECRET_H

#include "common/base/strbuf.h"

/* The content of the file without one newline at its end; lives until the process ends. NULL, with
 * problem: it cannot be read, is empty, holds a NUL or is above 64 KiB. problem never shows
 * content. */
const char *option_secret_read(const char *path, struct strbuf *problem);

/* Overwrite a secret that is not needed any more; *secret becomes NULL. NULL in it is allowed. */
void option_secret_wipe(const char **secret);

#endif
