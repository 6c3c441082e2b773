#ifndef WEBHOOK_OUTCOME_H
#define WEBHOOK_OUTCOME_H

/* What an answer to a webhook call means. Pure. */
enum webhook_outcome {
    WEBHOOK_DELIVERED,
    WEBHOOK_AGAIN,  /* later it may work */
    WEBHOOK_REFUSED /* it never will */
};

/* status: of the answer; 0: there was none. */
enum webhook_outcome webhook_outcome(long status);

#endif
