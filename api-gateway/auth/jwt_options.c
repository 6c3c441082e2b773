#include "api-gateway/auth/jwt_options.h"

#include <stdio.h>

const struct option_spec jwt_option_specs[] = {
    {.name = "jwt-key",
     .type = OPTION_LIST,
     .offset = offsetof(struct jwt_options, keys),
     .argument = "ALG[:KID]=FILE",
     .help = "A key that checks tokens, and the one algorithm that it is for: RS256 or ES256 and a "
             "public key in PEM, or HS256 and a secret of 32 bytes or more. KID is the name that "
             "tokens call it by. Read again on SIGHUP."},
    {.name = "jwt-jwks-file",
     .type = OPTION_TEXT,
     .offset = offsetof(struct jwt_options, jwks_file),
     .min = 1,
     .max = 4096,
     .argument = "FILE",
     .help = "A JWK Set with more keys; read again on SIGHUP."},
    {.name = "jwt-issuer",
     .type = OPTION_TEXT,
     .offset = offsetof(struct jwt_options, issuer),
     .min = 1,
     .max = 1024,
     .argument = "TEXT",
     .help = "The claim iss of tokens; required with --auth=jwt."},
    {.name = "jwt-audience",
     .type = OPTION_TEXT,
     .offset = offsetof(struct jwt_options, audience),
     .min = 1,
     .max = 1024,
     .argument = "TEXT",
     .help = "What the claim aud of tokens is or has in it; required with --auth=jwt."},
    {.name = "jwt-user-claim",
     .type = OPTION_TEXT,
     .offset = offsetof(struct jwt_options, user_claim),
     .default_value = "sub",
     .min = 1,
     .max = 128,
     .argument = "NAME",
     .help = "The claim that holds the userId, as a number or as a decimal string."},
    {.name = "jwt-leeway",
     .type = OPTION_NUMBER,
     .offset = offsetof(struct jwt_options, leeway_s),
     .default_value = "30",
     .min = 0,
     .max = 300,
     .argument = "SECONDS",
     .help = "By how much the issuer's clock may differ, for exp and nbf."},
    {.name = "jwt-cache",
     .type = OPTION_NUMBER,
     .offset = offsetof(struct jwt_options, cached),
     .default_value = "16384",
     .min = 0,
     .max = 1048576,
     .argument = "N",
     .help = "Tokens whose right signature each I/O thread remembers (64 bytes each), until they "
             "expire or keys are read again. 0: none."},
};

const size_t jwt_option_count = sizeof jwt_option_specs / sizeof jwt_option_specs[0];

bool jwt_options_check(const struct jwt_options *options, char *error, size_t error_size)
{
    const char *missing = NULL;

    if (options->keys.count == 0 && !options->jwks_file)
        missing = "--jwt-key or --jwt-jwks-file";
    else if (!options->issuer)
        missing = "--jwt-issuer";
    else if (!options->audience)
        missing = "--jwt-audience";
    if (missing)
        snprintf(error, error_size, "--auth=jwt needs %s", missing);
    return !missing;
}
