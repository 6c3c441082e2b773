-- How often the row was changed, its insert included: the number of its last event.
ALTER TABLE user_coupon
    ADD COLUMN change_no INT UNSIGNED NOT NULL DEFAULT 1;
