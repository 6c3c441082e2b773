/* Any bytes as a JSON string: Jansson reads it, valid UTF-8 comes back as it was, and no byte in it
 * moves a terminal or ends a log line. */
#include <string.h>

#include <jansson.h>

#include "common/base/strbuf.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_text.h"

/* Valid UTF-8, by Jansson's own judgement. */
static bool is_utf8(const char *text, size_t len)
{
    json_t *string = json_stringn(text, len);
    bool good = string != NULL;

    json_decref(string);
    return good;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char *text = fuzz_copy((struct http_slice){(const char *)bytes, size});
    struct strbuf out = STRBUF_INIT;
    json_t *value;

    strbuf_add_text(&out, "[");
    strbuf_add_json_string(&out, text, size);
    strbuf_add_text(&out, "]");
    for (size_t i = 0; i < out.len; i++)
        EXPECT((unsigned char)out.data[i] >= ' ' && out.data[i] != 0x7f, "byte %zu is %d", i,
               out.data[i]);
    value = json_loadb(out.data, out.len, JSON_ALLOW_NUL, NULL);
    EXPECT(value != NULL && json_array_size(value) == 1, "%s is not JSON", out.data);
    if (is_utf8(text, size)) {
        const json_t *string = json_array_get(value, 0);

        EXPECT(json_string_length(string) == size &&
                   memcmp(json_string_value(string), text, size) == 0,
               "read back as %s", json_string_value(string));
    } else {
        EXPECT(strstr(out.data, "\xEF\xBF\xBD") != NULL, "%s", out.data);
    }
    json_decref(value);
    strbuf_free(&out);
    free(text);
    return 0;
}
