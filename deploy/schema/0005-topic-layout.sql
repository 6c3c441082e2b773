-- How many partitions of a request topic requests are spread over: as many as it had when the first
-- gateway saw it. Partitions that are added later stay unused, or coupons would move to another
-- partition and their requests would not be decided in the order of their arrival. To use them, let the
-- topic be drained while no gateway runs, delete its row, and start the gateways.
CREATE TABLE topic_layout (
    topic          VARCHAR(249) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
    partitions     INT          NOT NULL,
    set_at         DATETIME(3)  NOT NULL
);
