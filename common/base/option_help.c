#include "common/base/option_help.h"

#include <string.h>

#include "common/base/option_name.h"
#include "common/base/option_value.h"

#define COLUMNS 80
#define FLAG_INDENT 2
#define TEXT_INDENT 6

static void add_blanks(struct strbuf *out, size_t count)
{
    for (size_t i = 0; i < count; i++)
        strbuf_add(out, " ", 1);
}

/* Columns of UTF-8 text, each character taken as one. */
static size_t width(const char *text, size_t len)
{
    size_t columns = 0;

    for (size_t i = 0; i < len; i++) {
        if (((unsigned char)text[i] & 0xC0) != 0x80)
            columns++;
    }
    return columns;
}

static void add_wrapped(struct strbuf *out, size_t indent, const char *text)
{
    size_t column = 0;

    text += strspn(text, " \n");
    while (*text != '\0') {
        size_t len = strcspn(text, " \n");
        size_t columns = width(text, len);

        if (column > 0 && column + 1 + columns > COLUMNS) {
            strbuf_add(out, "\n", 1);
            column = 0;
        }
        if (column == 0) {
            add_blanks(out, indent);
            column = indent;
        } else {
            strbuf_add(out, " ", 1);
            column++;
        }
        strbuf_add(out, text, len);
        column += columns;
        text += len;
        text += strspn(text, " \n");
    }
    if (column > 0)
        strbuf_add(out, "\n", 1);
}

static const char *argument_of(const struct option_spec *spec)
{
    if (spec->type == OPTION_SECRET)
        return "FILE";
    if (spec->argument != NULL)
        return spec->argument;
    if (spec->type == OPTION_CHOICE)
        return spec->choices;
    return spec->type == OPTION_NUMBER ? "N" : "TEXT";
}

void option_help_flag(const struct option_spec *spec, struct strbuf *out)
{
    char flag[OPTION_NAME_SIZE];

    option_flag_name(spec, flag);
    strbuf_add_text(out, flag);
    if (spec->type == OPTION_FLAG)
        strbuf_addf(out, ", --no-%s", spec->name);
    else
        strbuf_addf(out, " %s", argument_of(spec));
}

/* "(default 1000; 1 to 10000; COUPON_BATCH_SIZE)" */
static void add_facts(struct strbuf *text, const struct option_spec *spec)
{
    size_t start;
    char variable[OPTION_NAME_SIZE];

    strbuf_add_text(text, " (");
    if (spec->required && spec->default_value == NULL)
        strbuf_add_text(text, "required; ");
    else if (spec->type == OPTION_FLAG)
        strbuf_addf(text, "default %s; ",
                    spec->default_value != NULL ? spec->default_value : "false");
    else if (spec->default_value != NULL)
        strbuf_addf(text, "default %s; ",
                    spec->default_value[0] != '\0' ? spec->default_value : "empty");
    if (spec->type == OPTION_CHOICE && spec->argument != NULL)
        strbuf_addf(text, "one of %s; ", spec->choices);
    if (spec->type == OPTION_LIST)
        strbuf_add_text(text, "may be given again; ");
    start = text->len;
    option_value_describe_bounds(spec, text);
    if (text->len > start)
        strbuf_add_text(text, "; ");
    if (spec->flag_only) {
        bool empty = text->data[text->len - 1] == '(';

        text->len -= 2; /* " (" or "; " */
        text->data[text->len] = '\0';
        strbuf_add_text(text, empty ? "" : ")");
        return;
    }
    if (spec->type == OPTION_SECRET) {
        option_file_variable_name(spec, variable);
        strbuf_addf(text, "%s, or ", variable);
    }
    option_variable_name(spec, variable);
    strbuf_addf(text, "%s%s)", variable, spec->type == OPTION_SECRET ? " with the secret" : "");
}

static void add_option(struct strbuf *out, const struct option_spec *spec)
{
    struct strbuf text = STRBUF_INIT;

    add_blanks(out, FLAG_INDENT);
    option_help_flag(spec, out);
    strbuf_add(out, "\n", 1);
    strbuf_add_text(&text, spec->help != NULL ? spec->help : "");
    add_facts(&text, spec);
    add_wrapped(out, TEXT_INDENT, text.data);
    strbuf_free(&text);
}

void option_help_write(const char *program, const char *usage, const char *about,
                       const struct option_group *groups, size_t group_count, struct strbuf *out)
{
    strbuf_add_text(out, "Usage: ");
    strbuf_add_text(out, usage != NULL ? usage : program);
    strbuf_add_text(out, "\n\n");
    if (about != NULL) {
        add_wrapped(out, 0, about);
        strbuf_add_text(out, "\n");
    }
    for (size_t i = 0; i < group_count; i++) {
        if (!groups[i].target)
            continue;
        add_wrapped(out, 0, groups[i].title);
        for (size_t j = 0; j < groups[i].spec_count; j++)
            add_option(out, &groups[i].specs[j]);
        strbuf_add_text(out, "\n");
    }
    strbuf_add_text(out, "Other\n"
                         "  --help\n      Print this text and exit.\n"
                         "  --version\n      Print the version and exit.\n\n");
    add_wrapped(out, 0,
                "A flag wins over its environment variable, which is the name in capitals after "
                "COUPON_. Secrets are read from files or the environment, never from a flag.");
}
