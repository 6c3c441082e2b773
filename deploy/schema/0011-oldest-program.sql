-- Schema steps in the middle of a rolling upgrade: a file may say "-- oldest-program: NNNN", and programs from that version
-- on go on working when it is applied; without it, only programs of its own version do.
ALTER TABLE schema_version
    ADD COLUMN oldest_program INT NULL;
