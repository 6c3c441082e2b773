#include "common/http/http_service.h"

#include "common/http/http_problem.h"

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

/* The given members and those that the server adds; NULL: none. */
static const char *all_members(struct http_service *service, const struct http_request *request,
                               const char *code, const char *members)
{
    struct strbuf *all = &service->problem_members;
    size_t given;

    if (service->add_problem_members == NULL)
        return members;
    strbuf_clear(all);
    if (members != NULL)
        strbuf_add_text(all, members);
    if (all->len > 0)
        strbuf_add_text(all, ",");
    given = all->len;
    service->add_problem_members(request, code, all);
    return all->len > given ? all->data : members;
}

void http_service_write_problem(struct http_service *service, const struct http_request *request,
                                const struct http_refusal *refusal, const char *members)
{
    members = all_members(service, request, refusal->code, members);
    strbuf_clear(&service->problem);
    http_problem_write(&service->problem, refusal->status, refusal->code, refusal->detail, members);
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
