#include "common/http/http_problem.h"

#include <string.h>

#include "common/http/http_status.h"

void http_problem_write(struct strbuf *out, int status, const char *code, const char *detail,
                        const char *members)
{
    strbuf_add_text(out, "{\"type\":\"about:blank\",\"title\":\"");
    strbuf_add_text(out, http_status_reason(status));
    strbuf_add_text(out, "\",\"status\":");
    strbuf_add_u64(out, (uint64_t)status);
    strbuf_add_text(out, ",\"code\":\"");
    strbuf_add_text(out, code);
    strbuf_add_text(out, "\",\"detail\":");
    strbuf_add_json_string(out, detail, strlen(detail));
    if (members != NULL) {
        strbuf_add_text(out, ",");
        strbuf_add_text(out, members);
    }
    strbuf_add_text(out, "}");
}
