"""The ports of a world."""

from dataclasses import asdict, dataclass, replace


@dataclass(frozen=True)
class Ports:
    """Those of one world, all on 127.0.0.1. Gateways, workers and relays count from 0 and take every tenth, Kafka's
    nodes and their controllers take every second."""

    kafka: int = 19092
    kafka_controller: int = 19093
    mariadb: int = 13306
    redis: int = 16379
    gateway: int = 8080
    gateway_management: int = 8081
    worker_management: int = 8082
    relay_management: int = 8083
    statistics_management: int = 8084
    notification_management: int = 8085
    shop_management: int = 8086
    prometheus: int = 19090
    alertmanager: int = 19091
    node_exporter: int = 19100

    def shifted(self, by: int) -> "Ports":
        """All of them moved up: a world beside another one."""
        return replace(self, **{name: number + by for name, number in asdict(self).items()})
