"""Jars from Maven Central, fetched as deploy/setup.sh fetches those of the usual Kafka: other brokers, and Debezium."""

import re
import shutil
import subprocess
from pathlib import Path

from deploy.local.paths import REPOSITORY
from tests.compat.unavailable import Unavailable

_KAFKA = REPOSITORY / "deploy" / "local" / "kafka-pom.xml"
_DEBEZIUM = REPOSITORY / "tests" / "compat" / "debezium-pom.xml"
_GOAL = "org.apache.maven.plugins:maven-dependency-plugin:copy-dependencies"
_SECONDS = 600


def fetch(version: str, folder: Path) -> Path:
    """The folder with the jars of that version of the broker, fetched unless it is there. Raises Unavailable."""
    return _fetch(_KAFKA, folder / f"kafka-{version}", f"kafka_2.13-{version}.jar", f"-Dkafka.version={version}")


def fetch_debezium(folder: Path) -> Path:
    """The folder with Debezium's, and Kafka Connect's of the usual version of Kafka. Raises Unavailable."""
    (version,) = re.findall(r"<kafka\.version>(.+)</kafka\.version>", _KAFKA.read_text())
    return _fetch(_DEBEZIUM, folder / "debezium", "debezium-connector-mariadb-*.jar", f"-Dkafka.version={version}")


def _fetch(pom: Path, libs: Path, wanted: str, *properties: str) -> Path:
    if libs.exists():
        return libs
    maven = shutil.which("mvn")
    if maven is None:
        raise Unavailable("no mvn here")
    fresh = libs.with_suffix(".new")
    shutil.rmtree(fresh, ignore_errors=True)
    command = [maven, "-q", "-B", "-f", pom, *properties, _GOAL, "-DincludeScope=runtime", f"-DoutputDirectory={fresh}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)
    if done.returncode or not any(fresh.glob(wanted)):
        raise Unavailable(f"Maven could not fetch {libs.name}: {_last_line(done.stdout)}")
    fresh.rename(libs)
    return libs


def _last_line(text: str) -> str:
    return next((line for line in text.splitlines() if "ERROR" in line), "no reason given")
