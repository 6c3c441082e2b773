"""Prometheus, Alertmanager and node_exporter of a world, with the configuration of deploy/monitoring pointed at it."""

import json
import shutil
import signal
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from deploy.local import port
from deploy.local.errors import LocalError
from deploy.local.paths import REPOSITORY
from deploy.local.process import Process
from deploy.local.programs import http_status

CONFIGURATION = REPOSITORY / "deploy" / "monitoring"
RULES = CONFIGURATION / "coupon-rush.rules.yml"
_SECONDS_TO_START = 60
_SCRAPE_INTERVAL = "2s"


class _Server:
    """What the three have in common: a binary of Debian's, files under <data_dir>/<name>, and a path that answers 200."""

    binary = ""
    ready_path = "/-/ready"

    def __init__(self, data_dir: Path, port: int, name: str) -> None:
        self.name = name
        self.port = port
        self.directory = data_dir / name
        self.process = Process(data_dir, name)

    def start(self) -> None:
        """Start it unless it runs. Does not wait."""
        if self.process.alive():
            return
        found = shutil.which(self.binary)
        if not found:
            raise LocalError(f"no {self.binary}: run make setup")
        port.require_free(self.port, self.name)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.process.start([found, *self._arguments()])

    def _arguments(self) -> list[str]:
        raise NotImplementedError

    def wait_ready(self, seconds: float = _SECONDS_TO_START) -> None:
        """Wait until it answers."""
        self.process.wait_ready(self.ready, seconds)

    def ready(self) -> bool:
        """True if it answers."""
        return http_status(self.port, self.ready_path) == 200

    def stop(self) -> None:
        """End it; its data stays."""
        self.process.stop()

    def _get(self, path: str) -> Any:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
            return json.load(answer)


class NodeExporter(_Server):
    """Serves the metrics files in .textfiles, which expiry-batch writes with --metrics-file, and nothing else."""

    binary = "prometheus-node-exporter"
    ready_path = "/"

    def __init__(self, data_dir: Path, port: int) -> None:
        super().__init__(data_dir, port, "node-exporter")
        self.textfiles = self.directory / "textfiles"

    def _arguments(self) -> list[str]:
        self.textfiles.mkdir(parents=True, exist_ok=True)
        return [
            f"--web.listen-address=127.0.0.1:{self.port}", "--collector.disable-defaults", "--collector.textfile",
            f"--collector.textfile.directory={self.textfiles}",
        ]  # fmt: skip


class Pushgateway(_Server):
    """Keeps the metrics that expiry-batch pushes with --pushgateway."""

    binary = "prometheus-pushgateway"

    def __init__(self, data_dir: Path, port: int) -> None:
        super().__init__(data_dir, port, "pushgateway")

    def _arguments(self) -> list[str]:
        return [f"--web.listen-address=127.0.0.1:{self.port}", "--web.enable-admin-api"]


class Alertmanager(_Server):
    """Takes the alerts; alone, without a cluster."""

    binary = "prometheus-alertmanager"

    def __init__(self, data_dir: Path, port: int) -> None:
        super().__init__(data_dir, port, "alertmanager")

    def alerts(self) -> list[Mapping[str, Any]]:
        """Those it has now. Raises OSError when it is away."""
        found: list[Mapping[str, Any]] = self._get("/api/v2/alerts")
        return found

    def _arguments(self) -> list[str]:
        return [
            f"--config.file={CONFIGURATION / 'alertmanager.yml'}", f"--storage.path={self.directory}",
            f"--web.listen-address=127.0.0.1:{self.port}", "--cluster.listen-address=",
        ]  # fmt: skip


class Prometheus(_Server):
    """Scrapes these ports, by job; rules is the file of rules."""

    binary = "prometheus"

    def __init__(
        self, data_dir: Path, port: int, alertmanager: int, targets: Mapping[str, Sequence[int]], rules: Path = RULES
    ) -> None:
        super().__init__(data_dir, port, "prometheus")
        self.file = self.directory / "prometheus.json"
        self.alertmanager, self.targets, self.rules = alertmanager, targets, rules

    def start(self) -> None:
        """Start it, or tell one that runs what it has to scrape now."""
        super().start()
        if self.file.read_text() != self._configuration():
            self.file.write_text(self._configuration())
            self.process.send(signal.SIGHUP)

    def firing(self) -> set[str]:
        """Names of the alerts that fire. Raises OSError when it is away."""
        alerts = self._get("/api/v1/alerts")["data"]["alerts"]
        return {alert["labels"]["alertname"] for alert in alerts if alert["state"] == "firing"}

    def _arguments(self) -> list[str]:
        self.file.write_text(self._configuration())
        return [
            f"--config.file={self.file}", f"--storage.tsdb.path={self.directory / 'data'}",
            "--storage.tsdb.retention.time=2d", f"--web.listen-address=127.0.0.1:{self.port}",
        ]  # fmt: skip

    def _configuration(self) -> str:
        """deploy/monitoring/prometheus.yml with this world's addresses, and a shorter interval. YAML reads JSON."""
        configuration = yaml.safe_load((CONFIGURATION / "prometheus.yml").read_text())
        configuration["global"] = {"scrape_interval": _SCRAPE_INTERVAL, "evaluation_interval": _SCRAPE_INTERVAL}
        configuration["rule_files"] = [str(self.rules)]
        configuration["alerting"]["alertmanagers"] = [
            {"static_configs": [{"targets": [f"127.0.0.1:{self.alertmanager}"]}]}
        ]
        for job in configuration["scrape_configs"]:
            addresses = [f"127.0.0.1:{number}" for number in self.targets[job["job_name"]]]
            job["static_configs"] = [{"targets": addresses}]
        return json.dumps(configuration, indent=1)
