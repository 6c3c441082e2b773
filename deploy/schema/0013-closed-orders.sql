-- Orders that were closed without a coupon are found by their age. Programs of before do not look for them.
-- oldest-program: 0011
ALTER TABLE coupon_order
    ADD KEY coupon_order_closed (state, coupon_id, changed_at);
