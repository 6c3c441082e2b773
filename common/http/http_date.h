#ifndef HTTP_DATE_H
#define HTTP_DATE_H

#include <stdint.h>

/* "Sun, 06 Nov 1994 08:49:37 GMT" and its NUL. */
#define HTTP_DATE_SIZE 30

/* The value of the Date field, formatted once a second. */
struct http_date {
    int64_t expires_us; /* monotonic */
    char text[HTTP_DATE_SIZE];
};

/* The date now; now_us is the monotonic clock. A date of zero bytes is ready for use. The text
 * lives as long as date and changes with the next call. */
const char *http_date_text(struct http_date *date, int64_t now_us);

/* Write seconds since 1970 as an IMF-fixdate (RFC 9110 section 5.6.7), whatever the locale. */
void http_date_format(int64_t seconds, char text[HTTP_DATE_SIZE]);

#endif
