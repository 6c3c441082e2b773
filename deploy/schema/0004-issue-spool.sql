-- Requests that gateways accepted while Kafka was away, and which of the gateways moves them to Kafka.

-- seq is the order in which they are moved. A row goes when Kafka has confirmed its record. request_id
-- may come twice (a retry with its key): both are one request to whoever decides.
CREATE TABLE issue_spool (
    seq         BIGINT      NOT NULL AUTO_INCREMENT PRIMARY KEY,
    origin      INT         NOT NULL,
    request_id  VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    coupon_id   BIGINT      NOT NULL,
    user_id     BIGINT      NOT NULL,
    accepted_at DATETIME(3) NOT NULL,
    spooled_at  DATETIME(3) NOT NULL,
    KEY issue_spool_origin (origin)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

-- One row: the gateway (its instance number, as in its log line "started") that moves them, until when
-- nobody else will, and since when. 0: nobody yet.
CREATE TABLE issue_spool_relay (
    id         TINYINT     NOT NULL PRIMARY KEY,
    holder     INT         NOT NULL,
    taken_at   DATETIME(3) NOT NULL,
    expires_at DATETIME(3) NOT NULL
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

INSERT INTO issue_spool_relay (id, holder, taken_at, expires_at) VALUES (1, 0, '1970-01-01', '1970-01-01');
