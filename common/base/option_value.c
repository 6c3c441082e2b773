#include "common/base/option_value.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/check.h"

/* How much of a refused value is shown. */
#define SHOWN_MAX 200

struct kept {
    struct kept *next;
    char bytes[];
};

static struct kept *kept_list;

char *option_value_keep(const char *bytes, size_t len)
{
    struct kept *kept = malloc(sizeof *kept + len + 1);

    CHECK(kept != NULL, "no memory for an option of %zu bytes", len);
    memcpy(kept->bytes, bytes, len);
    kept->bytes[len] = '\0';
    kept->next = kept_list;
    kept_list = kept;
    return kept->bytes;
}

static void *field(const struct option_spec *spec, void *target)
{
    return (char *)target + spec->offset;
}

void option_value_describe_bounds(const struct option_spec *spec, struct strbuf *out)
{
    if (spec->min == 0 && spec->max == 0)
        return;
    if (spec->max == INT64_MAX)
        strbuf_addf(out, "at least %" PRId64, spec->min);
    else
        strbuf_addf(out, "%" PRId64 " to %" PRId64, spec->min, spec->max);
    if (spec->type == OPTION_TEXT)
        strbuf_add_text(out, " bytes");
}

static bool is_within(const struct option_spec *spec, int64_t number)
{
    if (spec->min == 0 && spec->max == 0)
        return true;
    return number >= spec->min && number <= spec->max;
}

/* Says `"text" is WHAT; allowed is BOUNDS`, and is false. */
static bool refuse(const struct option_spec *spec, const char *text, const char *what,
                   struct strbuf *problem)
{
    struct strbuf bounds = STRBUF_INIT;

    strbuf_addf(problem, "\"%.*s\" is %s", SHOWN_MAX, text, what);
    option_value_describe_bounds(spec, &bounds);
    if (bounds.len > 0)
        strbuf_addf(problem, "; allowed is %s", bounds.data);
    strbuf_free(&bounds);
    return false;
}

static bool store_text(const struct option_spec *spec, void *target, const char *text,
                       struct strbuf *problem)
{
    size_t len = strlen(text);

    if (len > INT64_MAX || !is_within(spec, (int64_t)len))
        return refuse(spec, text, "of the wrong length", problem);
    *(const char **)field(spec, target) = text;
    return true;
}

static bool store_number(const struct option_spec *spec, void *target, const char *text,
                         struct strbuf *problem)
{
    const char *digits = text[0] == '-' ? text + 1 : text;
    long long number;

    if (digits[0] == '\0' || digits[strspn(digits, "0123456789")] != '\0')
        return refuse(spec, text, "not a whole number", problem);
    errno = 0;
    number = strtoll(text, NULL, 10);
    if (errno == ERANGE || !is_within(spec, number))
        return refuse(spec, text, "out of range", problem);
    *(int64_t *)field(spec, target) = number;
    return true;
}

static bool store_choice(const struct option_spec *spec, void *target, const char *text,
                         struct strbuf *problem)
{
    const char *choice = spec->choices;

    for (;;) {
        size_t len = strcspn(choice, "|");

        if (strlen(text) == len && memcmp(text, choice, len) == 0) {
            *(const char **)field(spec, target) = text;
            return true;
        }
        if (choice[len] == '\0')
            break;
        choice += len + 1;
    }
    strbuf_addf(problem, "\"%.*s\" is not one of %s", SHOWN_MAX, text, spec->choices);
    return false;
}

static bool store_flag(const struct option_spec *spec, void *target, const char *text,
                       struct strbuf *problem)
{
    static const struct {
        const char *text;
        bool value;
    } words[] = {
        {"true", true}, {"false", false}, {"1", true},  {"0", false},
        {"yes", true},  {"no", false},    {"on", true}, {"off", false},
    };

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(text, words[i].text) == 0) {
            *(bool *)field(spec, target) = words[i].value;
            return true;
        }
    }
    strbuf_addf(problem, "\"%.*s\" is not one of true|false", SHOWN_MAX, text);
    return false;
}

bool option_list_add(struct option_list *list, const char *text, struct strbuf *problem)
{
    if (text[0] == '\0') {
        strbuf_add_text(problem, "an item of the list is empty");
        return false;
    }
    if (list->count == OPTION_LIST_MAX) {
        strbuf_addf(problem, "more than %d items", OPTION_LIST_MAX);
        return false;
    }
    list->items[list->count++] = text;
    return true;
}

static bool store_list(const struct option_spec *spec, void *target, const char *text,
                       struct strbuf *problem)
{
    struct option_list list = {.count = 0};

    for (;;) {
        size_t len = strcspn(text, ",");

        if (!option_list_add(&list, option_value_keep(text, len), problem))
            return false;
        if (text[len] == '\0')
            break;
        text += len + 1;
    }
    *(struct option_list *)field(spec, target) = list;
    return true;
}

bool option_value_store(const struct option_spec *spec, void *target, const char *text,
                        struct strbuf *problem)
{
    switch (spec->type) {
    case OPTION_TEXT:
        return store_text(spec, target, text, problem);
    case OPTION_NUMBER:
        return store_number(spec, target, text, problem);
    case OPTION_CHOICE:
        return store_choice(spec, target, text, problem);
    case OPTION_LIST:
        return store_list(spec, target, text, problem);
    case OPTION_FLAG:
        return store_flag(spec, target, text, problem);
    case OPTION_SECRET:
        break;
    }
    CHECK(false, "--%s has no text value", spec->name);
    return false;
}
