"""The local system: real Kafka, MariaDB, Redis and the project's programs on loopback."""
