-- Work that one process at a time does, on whichever machine: who does it, since when, and until when nobody
-- else will. The holder renews it; one that died or froze loses it after that.
CREATE TABLE lease (
    name       VARCHAR(64)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
    holder     VARCHAR(100) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    taken_at   DATETIME(3)  NOT NULL,
    expires_at DATETIME(3)  NOT NULL
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;
