#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "issue-worker/dlt/dlt_scan.h"
#include "issue-worker/dlt/dlt_text.h"
#include "issue-worker/dlt/dlt_verbs.h"

struct listing {
    struct dlt_scan scan;
    struct strbuf line;
    bool json;
    int64_t listed;
    int64_t repeats; /* letters about a record that was listed before */
};

static bool list_letter(void *cookie, const struct dlt_view *view)
{
    struct listing *listing = cookie;
    const struct dlt_options *options = listing->scan.options;

    if (!dlt_filter_takes_state(options->state, view->state))
        return true;
    if (view->first_offset != view->letter->offset) {
        listing->repeats++;
        return true;
    }
    strbuf_clear(&listing->line);
    if (listing->json) {
        strbuf_add_text(&listing->line, "{");
        dlt_text_json(&listing->line, view, options->dead_letter_topic);
        strbuf_add_text(&listing->line, "}\n");
    } else {
        if (listing->listed == 0)
            dlt_text_head(&listing->line);
        dlt_text_row(&listing->line, view);
    }
    dlt_progress_clear(&listing->scan.progress);
    fwrite(listing->line.data, 1, listing->line.len, stdout);
    listing->scan.acted = ++listing->listed;
    return !ferror(stdout) && listing->listed != options->limit;
}

int dlt_list(const struct dlt_options *options, struct dlt_audit *audit,
             const volatile sig_atomic_t *interrupted)
{
    struct listing listing = {.json = strcmp(options->format, "json") == 0};
    int status;

    listing.scan = (struct dlt_scan){.options = options,
                                     .audit = audit,
                                     .visit = list_letter,
                                     .cookie = &listing,
                                     .interrupted = interrupted};
    status = dlt_scan_run(&listing.scan);
    if (status == EX_OK && *interrupted)
        status = EX_TEMPFAIL;
    dlt_scan_say(&listing.scan, "%" PRId64 " dead letters%s", listing.listed,
                 listing.repeats ? " (letters about the same record counted as one)" : "");
    strbuf_free(&listing.line);
    return ferror(stdout) ? EX_IOERR : status;
}
