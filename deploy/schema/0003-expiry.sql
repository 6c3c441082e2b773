-- What is due is found by a key, however much was due before. The new key does what the old one did.

ALTER TABLE user_coupon
    ADD KEY user_coupon_due (status, expires_at, coupon_id, issue_no),
    DROP KEY user_coupon_expiry;

ALTER TABLE coupon_issue_result
    ADD KEY coupon_issue_result_decided (decided_at);
