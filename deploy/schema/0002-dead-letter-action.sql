-- What operators did about dead letters: who, when, what and why. Written before a record is produced
-- again and completed after it: a row without ended_at was begun and may have had its effect or not.
-- A letter is the place in the dead-letter topic; the record is what it is about, with which a second
-- letter about the same record is recognised (without readable headers, the letter itself).
CREATE TABLE dead_letter_action (
    action_id        BIGINT       NOT NULL AUTO_INCREMENT PRIMARY KEY,
    action           ENUM('REPLAY','DISCARD') NOT NULL,
    actor            VARCHAR(100) NOT NULL,
    reason           VARCHAR(500) NULL,
    started_at       DATETIME(3)  NOT NULL,
    ended_at         DATETIME(3)  NULL,
    failure          VARCHAR(255) NULL,
    letter_topic     VARCHAR(249) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    letter_partition INT          NOT NULL,
    letter_offset    BIGINT       NOT NULL,
    record_topic     VARCHAR(249) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    record_partition INT          NOT NULL,
    record_offset    BIGINT       NOT NULL,
    record_timestamp BIGINT       NOT NULL,
    request_id       VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
    new_partition    INT          NULL,
    new_offset       BIGINT       NULL,
    KEY dead_letter_action_record (record_topic, record_partition, record_offset),
    KEY dead_letter_action_time (started_at)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;
