-- The trace that a spooled request belongs to (W3C Trace Context) goes on with it when Kafka is back; NULL: none.
-- Programs of before neither write nor read it.
-- oldest-program: 0011
ALTER TABLE issue_spool
    ADD COLUMN traceparent CHAR(55) CHARACTER SET ascii COLLATE ascii_bin NULL;
