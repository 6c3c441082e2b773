#include "issue-worker/events/webhook_outcome.h"

enum webhook_outcome webhook_outcome(long status)
{
    if (status >= 200 && status < 300)
        return WEBHOOK_DELIVERED;
    if (status < 300 || status >= 500 || status == 408 || status == 425 || status == 429)
        return WEBHOOK_AGAIN;
    return WEBHOOK_REFUSED; /* redirects too: they are for people and would leave the event behind
                             */
}
