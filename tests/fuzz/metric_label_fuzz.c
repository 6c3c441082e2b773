/* Any text as a label's value: a reader of Prometheus' text format gets it back, and nothing in it
 * ends the value, the line or the encoding. */
#include <string.h>

#include <jansson.h>

#include "common/metrics/metric_label.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_text.h"

/* Read name="value" at text into value, as https://prometheus.io/docs/instrumenting/
 * exposition_formats/ has it; returns what is behind it. */
static const char *model_read(const char *text, const char *name, struct strbuf *value)
{
    size_t name_len = strlen(name);

    strbuf_clear(value);
    strbuf_add(value, "", 0);
    EXPECT(strncmp(text, name, name_len) == 0 && strncmp(text + name_len, "=\"", 2) == 0,
           "not %s: %s", name, text);
    for (text += name_len + 2; *text != '"'; text++) {
        EXPECT(*text != '\0' && *text != '\n', "a value without an end");
        if (*text != '\\') {
            strbuf_add(value, text, 1);
            continue;
        }
        text++;
        EXPECT(*text == '\\' || *text == '"' || *text == 'n', "escape \\%c", *text);
        strbuf_add(value, *text == 'n' ? "\n" : text, 1);
    }
    return text + 1;
}

static bool is_utf8(const char *text, size_t len)
{
    json_t *string = json_stringn(text, len);
    bool good = string != NULL;

    json_decref(string);
    return good;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char *value = fuzz_string((struct http_slice){(const char *)bytes, size});
    struct strbuf labels = STRBUF_INIT;
    struct strbuf back = STRBUF_INIT;
    const char *at;

    metric_label_add(&labels, "group", value);
    metric_label_add(&labels, "partition", "7");
    EXPECT(is_utf8(labels.data, labels.len), "not UTF-8: %s", labels.data);
    at = model_read(labels.data, "group", &back);
    if (is_utf8(value, strlen(value)))
        EXPECT(strcmp(back.data, value) == 0, "%s is read back as %s", value, back.data);
    EXPECT(*at == ',', "%s behind the first label", at);
    at = model_read(at + 1, "partition", &back);
    EXPECT(*at == '\0' && strcmp(back.data, "7") == 0, "%s behind the last label", at);
    strbuf_free(&labels);
    strbuf_free(&back);
    free(value);
    return 0;
}
