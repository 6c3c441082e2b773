-- Users' coupons are used by orders.
ALTER TABLE user_coupon
    ADD COLUMN used_at DATETIME(3) NULL;

-- What an order has to do with coupons; nothing else is known of orders here. An order is one user's: its
-- number is unique with the user, so nobody can take up another's. USED: it uses the coupon; CANCELLED:
-- it gave it back and may use one again; CLOSED: the shop has cancelled it, perhaps before it used any
-- (coupon_id is NULL then). holds is a second guard against a coupon that is used twice.
CREATE TABLE coupon_order (
    user_id         BIGINT       NOT NULL,
    order_id        VARCHAR(64)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    state           ENUM('USED','CANCELLED','CLOSED') NOT NULL,
    coupon_id       BIGINT       NULL,
    issue_no        INT UNSIGNED NULL,
    order_amount    BIGINT       NULL,
    discount_amount BIGINT       NULL,
    changed_at      DATETIME(3)  NOT NULL,
    holds           TINYINT      AS (CASE WHEN state = 'USED' THEN 1 END) STORED,
    PRIMARY KEY (user_id, order_id),
    UNIQUE KEY coupon_order_holder (coupon_id, issue_no, holds)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;
