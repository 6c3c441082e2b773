-- The main flow: coupons, who holds them, and how each request ended.
-- Times are UTC. Identifiers that others choose are compared byte by byte (ascii_bin).

CREATE TABLE coupon (
    coupon_id           BIGINT       NOT NULL AUTO_INCREMENT PRIMARY KEY,
    policy_id           BIGINT       NULL,
    name                VARCHAR(100) NOT NULL,
    discount_type       ENUM('FIXED','PERCENT') NOT NULL,
    discount_value      BIGINT       NOT NULL,
    min_order_amount    BIGINT       NOT NULL,
    max_discount_amount BIGINT       NULL,
    total_stock         INT UNSIGNED NOT NULL,
    issued_count        INT UNSIGNED NOT NULL DEFAULT 0,
    per_user_limit      INT UNSIGNED NOT NULL,
    issue_starts_at     DATETIME(3)  NOT NULL,
    issue_ends_at       DATETIME(3)  NULL,
    valid_until         DATETIME(3)  NULL,
    valid_for_seconds   BIGINT       NULL,
    status              ENUM('DRAFT','OPEN','PAUSED','CLOSED') NOT NULL,
    closed_at           DATETIME(3)  NULL,
    version             INT UNSIGNED NOT NULL DEFAULT 1,
    created_at          DATETIME(3)  NOT NULL,
    KEY coupon_policy (policy_id),
    KEY coupon_status (status, coupon_id),
    CONSTRAINT coupon_not_oversold CHECK (issued_count <= total_stock)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

-- The winners in order; the primary key is a second guard against overselling, the unique key one
-- against a user having more than allowed.
CREATE TABLE user_coupon (
    coupon_id  BIGINT            NOT NULL,
    issue_no   INT UNSIGNED      NOT NULL,
    user_id    BIGINT            NOT NULL,
    user_seq   INT UNSIGNED      NOT NULL,
    status     ENUM('ISSUED','USED','EXPIRED','REVOKED') NOT NULL DEFAULT 'ISSUED',
    issued_at  DATETIME(3)       NOT NULL,
    expires_at DATETIME(3)       NULL,
    PRIMARY KEY (coupon_id, issue_no),
    UNIQUE KEY user_coupon_holding (user_id, coupon_id, user_seq),
    KEY user_coupon_expiry (expires_at)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

-- One row for each request that was decided. coupon_id and user_id are NULL where a dead-lettered
-- record did not show them.
CREATE TABLE coupon_issue_result (
    request_id   VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
    coupon_id    BIGINT       NULL,
    user_id      BIGINT       NULL,
    partition_id INT          NOT NULL,
    record_offset BIGINT      NOT NULL,
    outcome      ENUM('ISSUED','SOLD_OUT','ALREADY_ISSUED','NOT_STARTED','ENDED','CLOSED',
                      'UNKNOWN_COUPON','DEAD_LETTERED') NOT NULL,
    issue_no     INT UNSIGNED NULL,
    accepted_at  DATETIME(3)  NOT NULL,
    decided_at   DATETIME(3)  NOT NULL
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

-- All records of a partition below next_offset are decided. A worker locks its rows first in each
-- transaction, so one that was replaced finds them advanced and decides nothing.
CREATE TABLE consumer_fence (
    topic        VARCHAR(249) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    partition_id INT         NOT NULL,
    next_offset  BIGINT      NOT NULL,
    updated_at   DATETIME(3) NOT NULL,
    PRIMARY KEY (topic, partition_id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

-- Who changed stock, window or status, and the offset of the coupon's partition at which it took effect.
CREATE TABLE coupon_change (
    change_id    BIGINT       NOT NULL AUTO_INCREMENT PRIMARY KEY,
    coupon_id    BIGINT       NOT NULL,
    changed_at   DATETIME(3)  NOT NULL,
    changed_by   VARCHAR(100) NOT NULL,
    action       VARCHAR(20)  NOT NULL,
    old_value    TEXT         NULL,
    new_value    TEXT         NOT NULL,
    topic        VARCHAR(249) CHARACTER SET ascii COLLATE ascii_bin NULL,
    partition_id INT          NULL,
    next_offset  BIGINT       NULL,
    KEY coupon_change_coupon (coupon_id, change_id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

-- The number that makes one gateway start's request ids differ from every other's.
CREATE TABLE gateway_instance (
    id            TINYINT NOT NULL PRIMARY KEY,
    last_instance BIGINT  NOT NULL
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

INSERT INTO gateway_instance (id, last_instance) VALUES (1, 0);
