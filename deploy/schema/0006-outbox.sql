-- What other systems are to hear, written in the transaction of the change that it tells of. seq is the
-- order in which events are published; the columns id, aggregatetype, aggregateid, type and payload are
-- those that Debezium's outbox event router reads.

CREATE TABLE outbox (
    seq           BIGINT        NOT NULL AUTO_INCREMENT PRIMARY KEY,
    id            VARCHAR(64)   CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    aggregatetype VARCHAR(32)   CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'coupon',
    aggregateid   VARCHAR(64)   CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    type          VARCHAR(64)   CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    subject       VARCHAR(64)   CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    payload       VARCHAR(4000) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    created_at    DATETIME(3)   NOT NULL,
    published_at  DATETIME(3)   NULL,
    UNIQUE KEY outbox_id (id),
    KEY outbox_published (published_at, seq)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;
