#include "api-gateway/limit/rate_options.h"

#define RATE(flag, call, who, text)                                                                \
    {                                                                                              \
        .name = flag, .type = OPTION_NUMBER,                                                       \
        .offset = offsetof(struct rate_options, settings[call][who].per_minute),                   \
        .default_value = "0", .min = 0, .max = 1000000, .argument = "PER-MINUTE", .help = text     \
    }

#define BURST(flag, call, who, usual, text)                                                        \
    {                                                                                              \
        .name = flag "-burst", .type = OPTION_NUMBER,                                              \
        .offset = offsetof(struct rate_options, settings[call][who].burst),                        \
        .default_value = usual, .min = 1, .max = 1000000, .argument = "N", .help = text            \
    }

const struct option_spec rate_option_specs[] = {
    RATE("limit-issue-user", RATE_ISSUE, RATE_USER,
         "Requests (POST) a user may send in the long run, at each I/O thread of each gateway. 0: "
         "no limit."),
    BURST("limit-issue-user", RATE_ISSUE, RATE_USER, "10",
          "How many of them at once, after a while without."),
    RATE("limit-issue-address", RATE_ISSUE, RATE_ADDRESS,
         "The same for a client's address; IPv6 by its /64."),
    BURST("limit-issue-address", RATE_ISSUE, RATE_ADDRESS, "100", "And how many of them at once."),
    RATE("limit-poll-user", RATE_POLL, RATE_USER,
         "Polls and other reads (GET) of a user whom a token names. 0: no limit."),
    BURST("limit-poll-user", RATE_POLL, RATE_USER, "60", "And how many of them at once."),
    RATE("limit-poll-address", RATE_POLL, RATE_ADDRESS,
         "The same for a client's address; IPv6 by its /64."),
    BURST("limit-poll-address", RATE_POLL, RATE_ADDRESS, "600", "And how many of them at once."),
    {.name = "limit-buckets",
     .type = OPTION_NUMBER,
     .offset = offsetof(struct rate_options, buckets),
     .default_value = "65536",
     .min = 1024,
     .max = 16777216,
     .argument = "N",
     .help = "How many users or addresses each limit of each I/O thread keeps apart (16 bytes "
             "each) while they are not at rest."},
    {.name = "trusted-proxy",
     .type = OPTION_LIST,
     .offset = offsetof(struct rate_options, trusted_proxies),
     .argument = "ADDRESS[/BITS]",
     .help = "A proxy in front, or a range of them, which is believed about the client's address."},
    {.name = "forwarded-header",
     .type = OPTION_CHOICE,
     .offset = offsetof(struct rate_options, forwarded_header),
     .default_value = "x-forwarded-for",
     .choices = "x-forwarded-for|forwarded",
     .argument = "NAME",
     .help = "The field in which these proxies say it; the other one is never read."},
};

const size_t rate_option_count = sizeof rate_option_specs / sizeof rate_option_specs[0];
