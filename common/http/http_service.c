#include "common/http/http_service.h"

void http_service_add(struct http_service *service, struct http_service_link *link)
{
    link->next = NULL;
    link->previous = service->last;
    if (service->last != NULL)
        service->last->next = link;
    else
        service->first = link;
    service->last = link;
    service->connection_count++;
}

void http_service_remove(struct http_service *service, struct http_service_link *link)
{
    if (service->cursor == link)
        service->cursor = link->next;
    if (link->previous != NULL)
        link->previous->next = link->next;
    else
        service->first = link->next;
    if (link->next != NULL)
        link->next->previous = link->previous;
    else
        service->last = link->previous;
    service->connection_count--;
}

void http_service_each(struct http_service *service,
                       void (*visit)(struct http_service_link *link, int64_t now_us),
                       int64_t now_us)
{
    service->cursor = service->first;
    while (service->cursor != NULL) {
        struct http_service_link *link = service->cursor;

        service->cursor = link->next;
        visit(link, now_us);
    }
}
