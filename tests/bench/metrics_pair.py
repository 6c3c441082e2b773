"""What counting and logging cost: the gateway against one that was built to count nothing, under the same load.

Ours is scraped every second, as no Prometheus would so often, and logs each hundredth answer."""

import threading
from pathlib import Path

from deploy.local.programs import Program, http_status
from tests.bench.bench_world import BenchWorld
from tests.bench.gateway_pair import GatewayPair
from tests.bench.pair import Figures, Limit

_ACCESS_LOG = "100"
_SCRAPE_SECONDS = 1


class MetricsPair(GatewayPair):
    """Requests for a coupon that is sold out, which cost the gateway least; or accepted ones."""

    def __init__(self, bench: BenchWorld, sold_out: bool, seconds: float, silent_build: Path) -> None:
        super().__init__(bench, sold_out, seconds)
        self.name = "metrics-sold-out" if sold_out else "metrics-accept"
        self.title = f"gateway, metrics and access log on against off, {'sold out' if sold_out else 'accepted'}"
        self.limits = (Limit("cpu_us", "us/request", at_most=1.03),)
        self._silent_binary = silent_build / "bin" / "api-gateway"
        self._silent: Program | None = None

    def open(self) -> None:
        """Start both; the one that is not measured idles."""
        self._prepare()
        self._silent = self._bench.world.make_gateway(1)
        self._silent.binary = self._silent_binary
        self._gateway = self._bench.world.make_gateway(0, ["--access-log", _ACCESS_LOG])
        for gateway in (self._silent, self._gateway):
            gateway.start()
            gateway.wait_ready()
        for gateway in (self._silent, self._gateway):
            self._wait_for_answer(gateway.port)

    def close(self) -> None:
        """End both."""
        for gateway in (self._silent, self._gateway):
            if gateway is not None:
                gateway.stop()

    def ceiling(self) -> Figures:
        assert self._silent is not None
        return self._measure(self._silent.process, self._silent.port)

    def ours(self) -> Figures:
        assert self._gateway is not None
        number, over = self._gateway.management_port, threading.Event()

        def scrape() -> None:
            while not over.wait(_SCRAPE_SECONDS):
                http_status(number, "/metrics")

        scraper = threading.Thread(target=scrape)
        scraper.start()
        try:
            return super().ours()
        finally:
            over.set()
            scraper.join()
