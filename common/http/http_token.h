#ifndef HTTP_TOKEN_H
#define HTTP_TOKEN_H

#include <stdbool.h>

/* tchar of RFC 9110 section 5.6.2: what methods and field names are made of. */
static inline bool http_token_char(char c)
{
    switch (c) {
    case 'a' ... 'z':
    case 'A' ... 'Z':
    case '0' ... '9':
    case '!':
    case '#':
    case '$':
    case '%':
    case '&':
    case '\'':
    case '*':
    case '+':
    case '-':
    case '.':
    case '^':
    case '_':
    case '`':
    case '|':
    case '~':
        return true;
    default:
        return false;
    }
}

/* What may stand in a field value or chunk extension: not a control character, except HTAB. */
static inline bool http_text_char(char c)
{
    static const bool control[256] = {
        [0 ... '\t' - 1] = true,
        ['\t' + 1 ... 0x1f] = true,
        [0x7f] = true,
    };

    return !control[(unsigned char)c];
}

#endif
