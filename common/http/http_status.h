#ifndef HTTP_STATUS_H
#define HTTP_STATUS_H

/* The reason phrase of a status code; "Unknown" for one that is not in the table. */
const char *http_status_reason(int status);

#endif
