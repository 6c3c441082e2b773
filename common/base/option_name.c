#include "common/base/option_name.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define NEAR_ENOUGH 3

void option_flag_name(const struct option_spec *spec, char name[OPTION_NAME_SIZE])
{
    snprintf(name, OPTION_NAME_SIZE, "--%s%s", spec->name,
             spec->type == OPTION_SECRET ? "-file" : "");
}

void option_variable_name(const struct option_spec *spec, char name[OPTION_NAME_SIZE])
{
    snprintf(name, OPTION_NAME_SIZE, "COUPON_%s", spec->name);
    for (char *c = name; *c != '\0'; c++) {
        if (*c == '-')
            *c = '_';
        else if (*c >= 'a' && *c <= 'z')
            *c = (char)(*c - 'a' + 'A');
    }
}

void option_file_variable_name(const struct option_spec *spec, char name[OPTION_NAME_SIZE])
{
    size_t len;

    option_variable_name(spec, name);
    len = strlen(name);
    snprintf(name + len, OPTION_NAME_SIZE - len, "_FILE");
}

static size_t smallest(size_t a, size_t b, size_t c)
{
    size_t ab = a < b ? a : b;

    return ab < c ? ab : c;
}

/* Levenshtein's distance. name is shorter than OPTION_NAME_SIZE. */
static size_t edit_distance(const char *typed, const char *name)
{
    size_t name_len = strlen(name);
    size_t row[OPTION_NAME_SIZE];

    for (size_t j = 0; j <= name_len; j++)
        row[j] = j;
    for (size_t i = 0; typed[i] != '\0'; i++) {
        size_t diagonal = row[0];

        row[0] = i + 1;
        for (size_t j = 0; j < name_len; j++) {
            size_t above = row[j + 1];

            row[j + 1] = smallest(above + 1, row[j] + 1, diagonal + (typed[i] != name[j] ? 1 : 0));
            diagonal = above;
        }
    }
    return row[name_len];
}

void option_suggestion_start(struct option_suggestion *suggestion, const char *typed)
{
    suggestion->typed = typed;
    suggestion->distance = SIZE_MAX;
    suggestion->name[0] = '\0';
}

void option_suggestion_consider(struct option_suggestion *suggestion, const char *name)
{
    size_t distance = edit_distance(suggestion->typed, name);

    if (distance < suggestion->distance) {
        suggestion->distance = distance;
        snprintf(suggestion->name, sizeof suggestion->name, "%s", name);
    }
}

bool option_suggestion_found(const struct option_suggestion *suggestion)
{
    return suggestion->distance <= NEAR_ENOUGH;
}
