#ifndef TOKEN_FAULT_H
#define TOKEN_FAULT_H

/* Why a token is not taken. */
enum token_fault {
    TOKEN_OK,
    TOKEN_MALFORMED,   /* not a compact JWS of a JWT, or one with what we refuse to guess about */
    TOKEN_ALGORITHM,   /* none, or one that we don't take */
    TOKEN_UNKNOWN_KEY, /* no key of that algorithm has its kid */
    TOKEN_SIGNATURE,
    TOKEN_EXPIRED,
    TOKEN_NOT_YET,
    TOKEN_ISSUER,
    TOKEN_AUDIENCE,
    TOKEN_USER /* the claim that names the user is missing or no user id */
};

#define TOKEN_FAULTS (TOKEN_USER + 1)

/* "ok", "malformed", …: a label of a metric. */
const char *token_fault_name(enum token_fault fault);

/* A sentence for the client; nothing in it comes from the token. Not for TOKEN_OK. */
const char *token_fault_text(enum token_fault fault);

#endif
