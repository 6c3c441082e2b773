#include "api-gateway/auth/token_fault.h"

static const struct {
    const char *name, *text;
} faults[TOKEN_FAULTS] = {
    [TOKEN_OK] = {"ok", ""},
    [TOKEN_MALFORMED] = {"malformed", "The token is not a JWT that can be read."},
    [TOKEN_ALGORITHM] = {"algorithm", "The token's algorithm is not taken here."},
    [TOKEN_UNKNOWN_KEY] = {"unknown_key", "The token names no key that is known here."},
    [TOKEN_SIGNATURE] = {"signature", "The token's signature is wrong."},
    [TOKEN_EXPIRED] = {"expired", "The token is expired."},
    [TOKEN_NOT_YET] = {"not_yet", "The token is not valid yet."},
    [TOKEN_ISSUER] = {"issuer", "The token is of another issuer."},
    [TOKEN_AUDIENCE] = {"audience", "The token is for another audience."},
    [TOKEN_USER] = {"user", "The token names no user."},
};

const char *token_fault_name(enum token_fault fault)
{
    return faults[fault].name;
}

const char *token_fault_text(enum token_fault fault)
{
    return faults[fault].text;
}
