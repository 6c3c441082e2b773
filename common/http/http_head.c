#include "common/http/http_head.h"

#include <string.h>

#include "common/http/http_token.h"

static const struct http_refusal bad_line_end =
    HTTP_REFUSAL_BAD_REQUEST("Every line of the head must end with CRLF.");
static const struct http_refusal bad_character =
    HTTP_REFUSAL_BAD_REQUEST("The head contains a control character.");
static const struct http_refusal bad_fold =
    HTTP_REFUSAL_BAD_REQUEST("A header line must not start with white space.");
static const struct http_refusal bad_request_line =
    HTTP_REFUSAL_BAD_REQUEST("The request line is malformed.");
static const struct http_refusal bad_field =
    HTTP_REFUSAL_BAD_REQUEST("A header line is malformed.");
static const struct http_refusal too_many_fields = {431, "HEAD_TOO_LARGE",
                                                    "There are too many header lines."};

static struct http_head *parser_head(llhttp_t *parser)
{
    return parser->data;
}

static int got_target(llhttp_t *parser, const char *at, size_t len)
{
    parser_head(parser)->target = (struct http_slice){at, len};
    return 0;
}

/* llhttp compiled without LLHTTP_STRICT_MODE lets blanks pass in a name, so names are checked here.
 */
static int got_field_name(llhttp_t *parser, const char *at, size_t len)
{
    struct http_head *head = parser_head(parser);
    struct http_request *request = head->request;
    struct http_field *field;
    char *name = (char *)at;

    if (request->field_count == HTTP_MAX_FIELDS) {
        head->refusal = &too_many_fields;
        return -1;
    }
    for (size_t i = 0; i < len; i++) {
        char c = name[i];

        if ((c >= 'a' && c <= 'z') || c == '-')
            continue;
        if (!http_token_char(c))
            return -1;
        if (c >= 'A' && c <= 'Z')
            name[i] = (char)(c | 0x20);
    }
    head->in_field = true;
    field = &request->fields[request->field_count++];
    field->name = (struct http_slice){at, len};
    field->value = (struct http_slice){at + len, 0};
    return 0;
}

static int got_field_value(llhttp_t *parser, const char *at, size_t len)
{
    struct http_head *head = parser_head(parser);
    struct http_request *request = head->request;

    if (!head->in_field)
        return -1;
    head->in_field = false;
    while (len > 0 && (at[len - 1] == ' ' || at[len - 1] == '\t'))
        len--;
    request->fields[request->field_count - 1].value = (struct http_slice){at, len};
    return 0;
}

static int got_head(llhttp_t *parser)
{
    struct http_head *head = parser_head(parser);

    head->complete = true;
    head->http_1_0 = parser->http_minor == 0;
    head->keep_alive = !head->http_1_0 && llhttp_should_keep_alive(parser);
    return HPE_PAUSED;
}

static const llhttp_settings_t settings = {
    .on_url = got_target,
    .on_header_field = got_field_name,
    .on_header_value = got_field_value,
    .on_headers_complete = got_head,
};

void http_head_init(struct http_head *head, struct http_request *request)
{
    llhttp_init(&head->parser, HTTP_REQUEST, &settings);
    head->parser.data = head;
    head->request = request;
    head->target = (struct http_slice){NULL, 0};
    head->refusal = NULL;
    head->in_headers = false;
    head->in_field = false;
    head->complete = false;
    head->http_1_0 = false;
    head->keep_alive = false;
    request->method = HTTP_METHOD_OTHER;
    request->path = (struct http_slice){NULL, 0};
    request->query = (struct http_slice){NULL, 0};
    request->body = (struct http_slice){NULL, 0};
    request->field_count = 0;
    request->param_count = 0;
}

/* Exactly "method SP target SP version", in ASCII and without a fragment; llhttp checks the parts.
 * The CR behind the line ends every loop at the latest. */
static const struct http_refusal *check_request_line(const char *line, size_t len)
{
    static const char version[] = " HTTP/1.";
    static const bool ends_target[256] = {
        [' '] = true, ['\t'] = true, ['\r'] = true, ['#'] = true, [0x80 ... 0xff] = true};
    size_t version_len = sizeof version - 1;
    size_t target_end = len - 1 - version_len;
    size_t at = 0;

    if (len <= version_len || memcmp(line + target_end, version, version_len) != 0)
        return &bad_request_line;
    while (http_token_char(line[at]))
        at++;
    if (line[at++] != ' ')
        return &bad_request_line;
    while (!ends_target[(unsigned char)line[at]])
        at++;
    return at == target_end ? NULL : &bad_request_line;
}

/* How long the line is in front of its CRLF. */
static const struct http_refusal *measure_line(const char *line, size_t *len)
{
    const char *at = line;

    while (http_text_char(*at)) /* its LF is none */
        at++;
    if (*at != '\r' && *at != '\n')
        return &bad_character;
    if (*at == '\n' || at[1] != '\n')
        return &bad_line_end;
    *len = (size_t)(at - line);
    return NULL;
}

static const struct http_refusal *check_lines(const struct http_head *head, const char *lines,
                                              size_t len)
{
    const char *end = lines + len;
    bool in_headers = head->in_headers;
    size_t text_len = 0;

    for (const char *line = lines; line < end; line += text_len + 2) {
        const struct http_refusal *refusal = measure_line(line, &text_len);

        if (refusal == NULL && !in_headers)
            refusal = check_request_line(line, text_len);
        if (refusal != NULL)
            return refusal;
        if (in_headers && text_len > 0 && !http_token_char(line[0]))
            return line[0] == ' ' || line[0] == '\t' ? &bad_fold : &bad_field;
        in_headers = true;
    }
    return NULL;
}

static size_t read_method(struct http_head *head, const char *line)
{
    static const struct {
        enum http_method method;
        const char *name;
    } methods[] = {
        {HTTP_METHOD_GET, "GET"},         {HTTP_METHOD_POST, "POST"},
        {HTTP_METHOD_HEAD, "HEAD"},       {HTTP_METHOD_PUT, "PUT"},
        {HTTP_METHOD_PATCH, "PATCH"},     {HTTP_METHOD_DELETE, "DELETE"},
        {HTTP_METHOD_OPTIONS, "OPTIONS"},
    };
    struct http_slice name = {line, 0};

    while (http_token_char(line[name.len]))
        name.len++;
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        if (http_slice_is(name, methods[i].name))
            head->request->method = methods[i].method;
    }
    return name.len;
}

/* llhttp knows a fixed list of methods and treats some of them in ways of their own; any other
 * well-formed method is parsed as if it were GET, and answered 404 or 405. */
static size_t skip_method(struct http_head *head, const char *line)
{
    size_t method_len = read_method(head, line);

    if (head->request->method != HTTP_METHOD_OTHER || method_len == 0)
        return 0;
    llhttp_execute(&head->parser, "GET", 3);
    return method_len;
}

static bool request_line_parsed(const struct http_head *head)
{
    return head->target.data != NULL && head->parser.http_major == 1;
}

const struct http_refusal *http_head_parse(struct http_head *head, char *lines, size_t len)
{
    const struct http_refusal *refusal = check_lines(head, lines, len);
    size_t skip = 0;
    llhttp_errno_t result;

    if (refusal != NULL)
        return refusal;
    if (!head->in_headers)
        skip = skip_method(head, lines);
    head->in_headers = true;
    result = llhttp_execute(&head->parser, lines + skip, len - skip);
    if (head->refusal != NULL)
        return head->refusal;
    if (result != HPE_OK && result != HPE_PAUSED)
        return request_line_parsed(head) ? &bad_field : &bad_request_line;
    return NULL;
}

static void move_slice(struct http_slice *slice, const char *old, size_t len, const char *new)
{
    if (slice->data >= old && slice->data <= old + len)
        slice->data = new + (slice->data - old);
}

void http_head_moved(struct http_head *head, const char *old, size_t len, const char *new)
{
    struct http_request *request = head->request;

    move_slice(&head->target, old, len, new);
    move_slice(&request->path, old, len, new);
    move_slice(&request->query, old, len, new);
    for (size_t i = 0; i < request->field_count; i++) {
        move_slice(&request->fields[i].name, old, len, new);
        move_slice(&request->fields[i].value, old, len, new);
    }
    for (size_t i = 0; i < request->param_count; i++)
        move_slice(&request->params[i], old, len, new);
}
