#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "issue-worker/dlt/dlt_scan.h"
#include "issue-worker/dlt/dlt_text.h"
#include "issue-worker/dlt/dlt_verbs.h"

struct showing {
    struct dlt_scan scan;
    struct strbuf out;
    struct strbuf outcome;
    bool json;
    size_t actions; /* written so far */
    int status;
};

static struct dlt_bytes text_bytes(const char *text)
{
    return (struct dlt_bytes){text, text ? strlen(text) : 0};
}

static void add_line(struct strbuf *out, const char *name, struct dlt_bytes bytes)
{
    strbuf_addf(out, "%-9s", name);
    dlt_text_bytes(out, bytes);
    strbuf_add(out, "\n", 1);
}

static void add_action_text(void *cookie, char **values, const unsigned long *lengths)
{
    struct showing *showing = cookie;
    struct strbuf *out = &showing->out;

    (void)lengths;
    strbuf_addf(out, "%-9s%s UTC %s of letter %s:%s by ", "action", values[DLT_AUDIT_STARTED_AT],
                values[DLT_AUDIT_ACTION], values[DLT_AUDIT_LETTER_PARTITION],
                values[DLT_AUDIT_LETTER_OFFSET]);
    dlt_text_bytes(out, text_bytes(values[DLT_AUDIT_ACTOR]));
    if (values[DLT_AUDIT_REASON]) {
        strbuf_add_text(out, ", reason ");
        dlt_text_bytes(out, text_bytes(values[DLT_AUDIT_REASON]));
    }
    if (values[DLT_AUDIT_NEW_OFFSET])
        strbuf_addf(out, ", now at %s:%s", values[DLT_AUDIT_NEW_PARTITION],
                    values[DLT_AUDIT_NEW_OFFSET]);
    if (values[DLT_AUDIT_FAILURE]) {
        strbuf_add_text(out, ", failed: ");
        dlt_text_bytes(out, text_bytes(values[DLT_AUDIT_FAILURE]));
    }
    strbuf_add_text(out, values[DLT_AUDIT_ENDED_AT] ? "\n" : ", not known to have ended\n");
}

static void add_action_json(void *cookie, char **values, const unsigned long *lengths)
{
    static const char *const names[] = {
        [DLT_AUDIT_ACTION] = "action",
        [DLT_AUDIT_ACTOR] = "actor",
        [DLT_AUDIT_REASON] = "reason",
        [DLT_AUDIT_STARTED_AT] = "startedAt",
        [DLT_AUDIT_ENDED_AT] = "endedAt",
        [DLT_AUDIT_FAILURE] = "failure",
        [DLT_AUDIT_LETTER_PARTITION] = "letterPartition",
        [DLT_AUDIT_LETTER_OFFSET] = "letterOffset",
        [DLT_AUDIT_NEW_PARTITION] = "newPartition",
        [DLT_AUDIT_NEW_OFFSET] = "newOffset",
    };
    struct showing *showing = cookie;
    struct strbuf *out = &showing->out;

    strbuf_add_text(out, showing->actions++ ? ",{" : "{");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        strbuf_addf(out, "%s\"%s\":", i ? "," : "", names[i]);
        if (!values[i])
            strbuf_add_text(out, "null");
        else if (i >= DLT_AUDIT_LETTER_PARTITION)
            strbuf_add_text(out, values[i]);
        else
            strbuf_add_json_string(out, values[i], lengths[i]);
    }
    strbuf_add(out, "}", 1);
}

static void add_record_text(struct strbuf *out, const struct dlt_letter *letter)
{
    if (!letter->has_record) {
        strbuf_addf(out, "%-9snot told by the headers; topic ", "record");
        dlt_text_bytes(out, letter->topic);
        strbuf_add(out, "\n", 1);
        return;
    }
    strbuf_addf(out, "%-9s%" PRId32 ":%" PRId64 " of ", "record", letter->record.partition,
                letter->record.offset);
    dlt_text_bytes(out, letter->topic);
    strbuf_add_text(out, ", ");
    dlt_text_time(out, letter->record.timestamp_ms);
    strbuf_add(out, "\n", 1);
}

static bool add_text(struct showing *showing, const struct dlt_view *view)
{
    const struct dlt_letter *letter = view->letter;
    struct strbuf *out = &showing->out;

    strbuf_addf(out, "%-9s%" PRId32 ":%" PRId64 " of %s\n%-9s", "letter", letter->partition,
                letter->offset, showing->scan.options->dead_letter_topic, "time");
    dlt_text_time(out, letter->timestamp_ms);
    strbuf_addf(out, "\n%-9s%s\n", "state", dlt_state_name(view->state));
    if (view->first_offset != letter->offset)
        strbuf_addf(out, "%-9sabout the same record as letter %" PRId32 ":%" PRId64 "\n", "",
                    letter->partition, view->first_offset);
    add_record_text(out, letter);
    strbuf_addf(out, "%-9s%s, coupon %" PRIu64 ", user %" PRIu64 "\n", "request",
                letter->request_id[0] ? letter->request_id : "(not readable)", letter->coupon_id,
                letter->user_id);
    strbuf_addf(out, "%-9s%s\n", "result", showing->outcome.len ? showing->outcome.data : "(none)");
    add_line(out, "cause", letter->cause);
    add_line(out, "message", letter->message);
    if (letter->retries >= 0)
        strbuf_addf(out, "%-9s%" PRId64 "\n", "retries", letter->retries);
    add_line(out, "key", letter->key);
    add_line(out, "value", letter->value);
    for (size_t i = 0; i < letter->header_count; i++) {
        strbuf_addf(out, "%-9s", "header");
        dlt_text_bytes(out, text_bytes(letter->headers[i].name));
        strbuf_add_text(out, " = ");
        dlt_text_bytes(out, letter->headers[i].value);
        strbuf_add(out, "\n", 1);
    }
    if (!dlt_audit_history(showing->scan.audit, letter, add_action_text, showing))
        return false;
    strbuf_add(out, "\n", 1);
    return true;
}

static bool add_json(struct showing *showing, const struct dlt_view *view)
{
    const struct dlt_letter *letter = view->letter;
    struct strbuf *out = &showing->out;

    strbuf_add(out, "{", 1);
    dlt_text_json(out, view, showing->scan.options->dead_letter_topic);
    strbuf_add_text(out, ",\"result\":");
    dlt_text_json_bytes(out, showing->outcome.len ? text_bytes(showing->outcome.data)
                                                  : (struct dlt_bytes){NULL, 0});
    strbuf_add_text(out, ",\"key\":");
    dlt_text_json_bytes(out, letter->key);
    strbuf_add_text(out, ",\"value\":");
    dlt_text_json_bytes(out, letter->value);
    strbuf_add_text(out, ",\"headers\":[");
    for (size_t i = 0; i < letter->header_count; i++) {
        strbuf_addf(out, "%s{\"name\":", i ? "," : "");
        dlt_text_json_bytes(out, text_bytes(letter->headers[i].name));
        strbuf_add_text(out, ",\"value\":");
        dlt_text_json_bytes(out, letter->headers[i].value);
        strbuf_add(out, "}", 1);
    }
    strbuf_add_text(out, "],\"actions\":[");
    showing->actions = 0;
    if (!dlt_audit_history(showing->scan.audit, letter, add_action_json, showing))
        return false;
    strbuf_add_text(out, "]}\n");
    return true;
}

static bool show_letter(void *cookie, const struct dlt_view *view)
{
    struct showing *showing = cookie;
    bool known;

    strbuf_clear(&showing->out);
    strbuf_clear(&showing->outcome);
    known = dlt_audit_outcome(showing->scan.audit, view->letter, &showing->outcome) &&
            (showing->json ? add_json(showing, view) : add_text(showing, view));
    if (!known) {
        dlt_scan_say(&showing->scan, "%s", dlt_audit_error(showing->scan.audit));
        showing->status = EX_UNAVAILABLE;
        return false;
    }
    fwrite(showing->out.data, 1, showing->out.len, stdout);
    return !ferror(stdout);
}

int dlt_show(const struct dlt_options *options, struct dlt_audit *audit,
             const volatile sig_atomic_t *interrupted)
{
    struct showing showing = {.json = strcmp(options->format, "json") == 0};
    int status;

    showing.scan = (struct dlt_scan){.options = options,
                                     .audit = audit,
                                     .visit = show_letter,
                                     .cookie = &showing,
                                     .interrupted = interrupted};
    status = dlt_scan_run(&showing.scan);
    strbuf_free(&showing.out);
    strbuf_free(&showing.outcome);
    if (ferror(stdout))
        return EX_IOERR;
    return showing.status ? showing.status : status;
}
