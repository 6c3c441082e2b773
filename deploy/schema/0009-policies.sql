-- Time-attack policies: several coupons, one a window, with one policy_id. The row is also what is locked
-- while a window is added or moved, so that no two of them come to overlap.
CREATE TABLE coupon_policy (
    policy_id  BIGINT       NOT NULL AUTO_INCREMENT PRIMARY KEY,
    name       VARCHAR(100) NOT NULL,
    created_at DATETIME(3)  NOT NULL
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

INSERT INTO coupon_policy (policy_id, name, created_at)
    SELECT policy_id, MIN(name), MIN(created_at) FROM coupon WHERE policy_id IS NOT NULL GROUP BY policy_id;

-- A JSON array: the next offset of each partition of the topic, by its number. next_offset is the one of
-- the coupon's own; records with another key (a policy's) lie in others.
ALTER TABLE coupon_change ADD COLUMN next_offsets TEXT NULL;
