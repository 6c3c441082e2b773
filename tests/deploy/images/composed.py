"""What compose.yaml says, put to work without an engine: its servers and containers on this machine's loopback."""

import subprocess
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from deploy.local.kafka import BROKER_JAVA_OPTIONS
from deploy.local.kafka_protocol import KafkaError
from deploy.local.kafka_questions import TOOL_JAVA_OPTIONS, KafkaQuestions, java_command, tool_class
from deploy.local.mariadb import MariaDb
from deploy.local.ports import Ports
from deploy.local.process import Process
from deploy.local.redis import Redis
from tests.deploy.images.build import Image
from tests.deploy.images.tree import container

_WRAPPER = "kafka.docker.KafkaDockerWrapper"  # what apache/kafka's entry point runs
_CONFIGURATIONS = ("server.properties", "log4j2.yaml", "tools-log4j2.yaml")


class ComposedKafka(KafkaQuestions):
    """A broker with the settings of the service kafka, read by the image's own entry point."""

    def __init__(self, folder: Path, service: Mapping[str, Any], ports: Ports) -> None:
        super().__init__([ports.kafka])
        self._folder, self._here = folder, ports
        self._environment = {name: str(value) for name, value in service["environment"].items()}
        self.process = Process(folder, "kafka")

    def start(self) -> None:
        """Write the configuration, format the storage and start it, as the image does."""
        default, mounted, final = (self._folder / name for name in ("default", "mounted", "final"))
        for folder in (default, mounted, final):
            folder.mkdir(parents=True)
        for name in _CONFIGURATIONS:
            (default / name).touch()
        self._run(_WRAPPER, "setup", "--default-configs-dir", default, "--mounted-configs-dir", mounted,
                  "--final-configs-dir", final)  # fmt: skip
        self.process.start(java_command("kafka.Kafka", final / "server.properties", options=BROKER_JAVA_OPTIONS))

    def wait_ready(self, seconds: float = 180) -> None:
        """Wait until it leads."""
        self.process.wait_ready(self.ready, seconds)

    def ready(self) -> bool:
        """True if the controller counts it as live."""
        try:
            return bool(self.metadata().brokers)
        except KafkaError:
            return False

    def create_topics(self, service: Mapping[str, Any]) -> None:
        """What the service topics does, with its command line tool run from the jars."""
        tool = self._folder / "kafka-topics.sh"
        words = java_command(tool_class("TopicCommand"), options=TOOL_JAVA_OPTIONS)
        tool.write_text(f"#!/bin/sh\nexec {' '.join(str(word) for word in words)} \"$@\"\n".replace("/*", "/'*'"))
        tool.chmod(0o755)
        script = service["command"][0].replace("$$", "$").replace("/opt/kafka/bin/kafka-topics.sh", str(tool))
        script = script.replace("kafka:9092", f"127.0.0.1:{self._here.kafka}")
        environment = {name: str(value) for name, value in service["environment"].items()}
        subprocess.run([*service["entrypoint"], script], env={"PATH": "/usr/bin:/bin", **environment}, check=True)

    def _run(self, main_class: str, *arguments: str | Path) -> None:
        moved = {
            "KAFKA_CONTROLLER_QUORUM_VOTERS": self._moved("KAFKA_CONTROLLER_QUORUM_VOTERS"),
            "KAFKA_LISTENERS": self._moved("KAFKA_LISTENERS"),
            "KAFKA_ADVERTISED_LISTENERS": self._moved("KAFKA_ADVERTISED_LISTENERS"),
            "KAFKA_LOG_DIRS": str(self._folder / "data"),
        }
        subprocess.run(
            java_command(main_class, *arguments, options=TOOL_JAVA_OPTIONS),
            env={"PATH": "/usr/bin:/bin", **self._environment, **moved}, check=True, capture_output=True,
        )  # fmt: skip

    def _moved(self, name: str) -> str:
        """The setting with ports of this run, all on loopback: inside and outside are one host here."""
        text = self._environment[name].replace("kafka:", "localhost:").replace("://:", "://127.0.0.1:")
        for theirs, ours in (("9093", self._here.kafka_controller), ("19092", self._here.kafka + 2)):
            text = text.replace(f":{theirs}", f":{ours}")
        return text.replace(":9092", f":{self._here.kafka}").replace("localhost:", "127.0.0.1:")


class ComposedSystem:
    """The servers, and containers of images with the environment of their services."""

    def __init__(self, folder: Path, services: Mapping[str, Any], ports: Ports) -> None:
        self.services, self.ports, self._folder = services, ports, folder
        self.kafka = ComposedKafka(folder / "kafka-image", services["kafka"], ports)
        self.mariadb = MariaDb(folder, ports.mariadb, "128M")
        self.redis = Redis(folder, ports.redis)
        self._ends = ExitStack()

    def start(self) -> None:
        """Start the servers, and wait for them."""
        for server in (self.kafka, self.mariadb, self.redis):
            self._ends.callback(server.process.stop)
            server.start()
        for server in (self.kafka, self.mariadb, self.redis):
            server.wait_ready()
        password = self.services["mysql"]["environment"]["MYSQL_ROOT_PASSWORD"]
        self.mariadb.root_query(
            "DROP DATABASE coupon; DROP USER coupon@localhost, coupon@127.0.0.1;"  # as empty as the image's is
            f"CREATE USER root@'%' IDENTIFIED BY '{password}'; GRANT ALL ON *.* TO root@'%' WITH GRANT OPTION"
        )

    def stop(self) -> None:
        """End what was started here."""
        self._ends.close()

    def environment(self, name: str, image: Image) -> dict[str, str]:
        """What the container of a service is given; servers' names and ports are those of this run."""
        given = {key: str(value) for key, value in self.services[name]["environment"].items()}
        ports = self.ports
        here = {
            "COUPON_KAFKA_BROKERS": f"127.0.0.1:{ports.kafka}",
            "COUPON_MYSQL_HOST": "127.0.0.1", "COUPON_MYSQL_PORT": str(ports.mariadb),
            "COUPON_REDIS_HOST": "127.0.0.1", "COUPON_REDIS_PORT": str(ports.redis),
        }  # fmt: skip
        listening = {
            "api-gateway": {
                "COUPON_LISTEN": f"0.0.0.0:{ports.gateway}", "COUPON_MANAGEMENT_LISTEN": f"0.0.0.0:{ports.gateway_management}",
            },
            "issue-worker": {"COUPON_MANAGEMENT_LISTEN": f"0.0.0.0:{ports.worker_management}"},
        }.get(name, {})  # fmt: skip
        return {**image.environment, **given, **{key: here[key] for key in here.keys() & given.keys()}, **listening}

    def run(self, name: str, image: Image, command: Sequence[str] = ()) -> subprocess.CompletedProcess[str]:
        """Run a container of the service to its end; another command than its own if one is given."""
        before, environment = self._container(name, image)
        own = [*image.entry, *(self.services[name].get("command") or ())]
        return subprocess.run(
            [*before, *(command or own)], env=environment, capture_output=True, text=True, timeout=120, check=False
        )

    def start_container(self, name: str, image: Image) -> Process:
        """Start a container of the service; it is ended with the system, if not before."""
        before, environment = self._container(name, image)
        process = Process(self._folder, name)
        process.start([*before, *image.entry], environment)
        self._ends.callback(process.stop)
        return process

    def _container(self, name: str, image: Image) -> tuple[list[str], dict[str, str]]:
        assert image.user == "65532:65532"
        writable = [str(path).partition(":")[0] for path in self.services[name].get("tmpfs", [])]
        return container(image.root, self.environment(name, image), writable, self._volumes(name, image))

    def _volumes(self, name: str, image: Image) -> dict[str, Path]:
        """Named volumes; a new one begins as a copy of what the image has in its place, owner and mode too."""
        found = {}
        for volume in self.services[name].get("volumes", []):
            source, target = (volume["source"], volume["target"]) if isinstance(volume, dict) else volume.split(":")[:2]
            folder = self._folder / "volumes" / source
            if not folder.exists():
                folder.parent.mkdir(exist_ok=True)
                subprocess.run(["cp", "-a", image.root / target.lstrip("/"), folder], check=True)
            found[target] = folder
        return found
