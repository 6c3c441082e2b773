/* The version that the programs need is the number of the newest file in deploy/schema, which must
 * not have a hole. Run where the project's root is the working directory. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/mysql/schema_version.h"

static void it_is_the_newest_file(void **state)
{
    DIR *folder = opendir("deploy/schema");
    const struct dirent *entry;
    unsigned int newest = 0, files = 0;

    (void)state;
    if (folder == NULL)
        fail_msg("deploy/schema can't be read; is this the project's root?");
    while ((entry = readdir(folder)) != NULL) {
        const char *dot = strrchr(entry->d_name, '.');
        unsigned int number;

        if (dot == NULL || strcmp(dot, ".sql") != 0)
            continue;
        if (sscanf(entry->d_name, "%4u-", &number) != 1)
            fail_msg("%s does not begin with its number", entry->d_name);
        newest = number > newest ? number : newest;
        files++;
    }
    closedir(folder);
    if (newest != SCHEMA_VERSION || files != SCHEMA_VERSION)
        fail_msg("%u files, the newest is %u, and SCHEMA_VERSION is %d", files, newest,
                 SCHEMA_VERSION);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_the_newest_file),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
