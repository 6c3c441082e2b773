#include "common/http/http_connection_parts.h"
#include "common/base/log.h"

/* While all places are taken a client has this long to go on with its request, to send the next
 * one, or to take its answer. */
#define CONNECTION_CROWDED_MS 1000

/* Room is made for so many newcomers at a time: this part of all places. */
#define CONNECTION_ROOM_PART 4

static const struct http_refusal too_slow = {408, "REQUEST_TIMEOUT",
                                             "The request took too long to arrive."};

/* With its input stalled or ended a connection is not polled by the loop, so ask. */
static void connection_check_client(struct http_connection *connection, int64_t now_us)
{
    enum http_stream_health health;

    if (!connection->ended && !connection->stream.stalled)
        return;
    health = http_stream_check(&connection->stream);
    if (health == HTTP_STREAM_BROKEN)
        http_connection_close(connection);
    else if (health == HTTP_STREAM_HALF_CLOSED && connection->deadline_us == 0)
        http_connection_expire_in(connection, now_us, CONNECTION_HALF_CLOSED_MS);
}

static void connection_expired(struct http_connection *connection)
{
    if (connection->state == CONNECTION_RECEIVING && connection->reader.state != HTTP_READER_IDLE) {
        connection->last = true;
        http_connection_refuse(connection, &too_slow, NULL);
        return;
    }
    if (connection->state == CONNECTION_FLUSHING)
        http_connection_abort(connection);
    else
        http_connection_close(connection);
}

/* When all places are taken, a client that keeps the server waiting makes room for another. */
static bool connection_gives_way(struct http_connection *connection, int64_t now_us)
{
    bool waited = now_us - connection->waits_since_us >= CONNECTION_CROWDED_MS * INT64_C(1000);

    if (connection->service->places_wanted == 0)
        return false;
    switch (connection->state) {
    case CONNECTION_RECEIVING:
    case CONNECTION_FLUSHING:
        return waited;
    case CONNECTION_LINGERING:
        return true;
    case CONNECTION_PENDING:
    case CONNECTION_DEAD:
        break;
    }
    return false;
}

static void connection_make_room(struct http_connection *connection)
{
    connection->service->places_wanted--;
    if (connection->state == CONNECTION_FLUSHING)
        http_connection_abort(connection);
    else
        http_connection_close(connection);
}

static void connection_check(struct http_service_link *link, int64_t now_us)
{
    struct http_connection *connection = (struct http_connection *)link;
    bool outer = http_connection_enter(connection);

    if (connection->deadline_us != 0 && now_us >= connection->deadline_us)
        connection_expired(connection);
    else if (connection_gives_way(connection, now_us))
        connection_make_room(connection);
    else if (connection->state == CONNECTION_PENDING)
        connection_check_client(connection, now_us);
    http_connection_leave(connection, outer);
}

void http_connection_check_all(struct http_service *service, int64_t now_us)
{
    size_t max = service->config.max_connections;
    size_t wanted = service->connection_count >= max ? max / CONNECTION_ROOM_PART + 1 : 0;

    service->places_wanted = wanted;
    http_service_each(service, connection_check, now_us);
    if (wanted > 0)
        log_warn("connections_full",
                 "all %zu connections were taken; closed %zu that kept the server waiting", max,
                 wanted - service->places_wanted);
}

/* A request may have arrived that was not read yet. */
static void connection_drain(struct http_service_link *link, int64_t now_us)
{
    struct http_connection *connection = (struct http_connection *)link;

    (void)now_us;
    if (connection->state == CONNECTION_RECEIVING && connection->reader.state == HTTP_READER_IDLE &&
        http_stream_waiting(&connection->stream) == 0 &&
        !http_stream_has_unread(&connection->stream))
        http_connection_close(connection);
}

void http_connection_drain_all(struct http_service *service)
{
    http_service_each(service, connection_drain, 0);
}

static void connection_shut(struct http_service_link *link, int64_t now_us)
{
    (void)now_us;
    http_connection_close((struct http_connection *)link);
}

void http_connection_close_all(struct http_service *service)
{
    http_service_each(service, connection_shut, 0);
}
