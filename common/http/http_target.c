#include "common/http/http_target.h"

#include <string.h>

static bool host_char(char c)
{
    switch (c) {
    case 'a' ... 'z':
    case 'A' ... 'Z':
    case '0' ... '9':
    case '.':
    case '-':
        return true;
    default:
        return c != '\0' && strchr("_~%!$&'()*+,;=", c) != NULL;
    }
}

static bool literal_char(char c)
{
    switch (c) {
    case 'a' ... 'f':
    case 'A' ... 'F':
    case '0' ... '9':
    case ':':
    case '.':
        return true;
    default:
        return false;
    }
}

/* The length of the name or "[address]" at the start of host; 0 when there is none. */
static size_t host_name_len(struct http_slice host)
{
    size_t i = 0;

    if (host.len == 0 || host.data[0] != '[') {
        while (i < host.len && host_char(host.data[i]))
            i++;
        return i;
    }
    for (i = 1; i < host.len && literal_char(host.data[i]);)
        i++;
    return i > 1 && i < host.len && host.data[i] == ']' ? i + 1 : 0;
}

bool http_target_is_host(struct http_slice host)
{
    size_t i = host_name_len(host);

    if (i == 0)
        return false;
    if (i == host.len)
        return true;
    if (host.data[i] != ':' || host.len - i > sizeof ":65535" - 1)
        return false;
    for (i++; i < host.len; i++) {
        if (host.data[i] < '0' || host.data[i] > '9')
            return false;
    }
    return true;
}

/* Take "http://authority" off an absolute form. */
static bool drop_authority(struct http_slice *target)
{
    static const char *const schemes[] = {"http://", "https://"};

    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        size_t scheme_len = strlen(schemes[i]);
        struct http_slice scheme = {target->data, scheme_len};
        struct http_slice authority;

        if (target->len <= scheme_len || !http_slice_is_nocase(scheme, schemes[i]))
            continue;
        authority = (struct http_slice){target->data + scheme_len, 0};
        while (authority.len < target->len - scheme_len &&
               strchr("/?", authority.data[authority.len]) == NULL)
            authority.len++;
        target->data += scheme_len + authority.len;
        target->len -= scheme_len + authority.len;
        return http_target_is_host(authority);
    }
    return false;
}

bool http_target_split(struct http_slice target, struct http_slice *path, struct http_slice *query)
{
    const char *mark;

    if (target.len == 0)
        return false;
    if (target.data[0] != '/' && !http_slice_is(target, "*") && !drop_authority(&target))
        return false;
    mark = memchr(target.data, '?', target.len);
    path->data = target.data;
    path->len = mark != NULL ? (size_t)(mark - target.data) : target.len;
    query->data = mark != NULL ? mark + 1 : target.data + target.len;
    query->len = mark != NULL ? target.len - path->len - 1 : 0;
    if (path->len == 0)
        *path = (struct http_slice){"/", 1};
    return true;
}
