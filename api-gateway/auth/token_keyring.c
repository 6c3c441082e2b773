#include "api-gateway/auth/token_keyring.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "common/base/check.h"
#include "common/base/log.h"

struct token_keyring {
    const struct jwt_options *options;
    pthread_mutex_t lock;
    struct token_keys *keys;
    _Atomic uint64_t generation;
};

static struct token_keys *load(const struct token_keyring *ring, const char *event)
{
    struct strbuf problem = STRBUF_INIT;
    struct token_keys *keys =
        token_keys_load(&ring->options->keys, ring->options->jwks_file, &problem);

    if (!keys)
        log_error(event, "%s", problem.data);
    strbuf_free(&problem);
    return keys;
}

struct token_keyring *token_keyring_new(const struct jwt_options *options)
{
    struct token_keyring *ring = calloc(1, sizeof *ring);

    CHECK(ring, "out of memory");
    ring->options = options;
    atomic_init(&ring->generation, 1);
    ring->keys = load(ring, "token_keys_bad");
    if (!ring->keys) {
        free(ring);
        return NULL;
    }
    pthread_mutex_init(&ring->lock, NULL);
    return ring;
}

void token_keyring_free(struct token_keyring *ring)
{
    if (!ring)
        return;
    pthread_mutex_destroy(&ring->lock);
    token_keys_drop(ring->keys);
    free(ring);
}

bool token_keyring_reload(struct token_keyring *ring)
{
    struct token_keys *old, *keys = load(ring, "token_keys_kept");

    if (!keys)
        return false;
    pthread_mutex_lock(&ring->lock);
    old = ring->keys;
    ring->keys = keys;
    atomic_fetch_add(&ring->generation, 1);
    pthread_mutex_unlock(&ring->lock);
    token_keys_drop(old);
    log_info("token_keys_loaded", "%zu keys are in use", token_keys_count(keys));
    return true;
}

uint64_t token_keyring_generation(const struct token_keyring *ring)
{
    return atomic_load_explicit(&ring->generation, memory_order_acquire);
}

struct token_keys *token_keyring_keys(struct token_keyring *ring, uint64_t *generation)
{
    struct token_keys *keys;

    pthread_mutex_lock(&ring->lock);
    keys = token_keys_hold(ring->keys);
    *generation = token_keyring_generation(ring);
    pthread_mutex_unlock(&ring->lock);
    return keys;
}
