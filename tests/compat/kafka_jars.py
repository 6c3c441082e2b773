"""Kafka brokers of other versions: their jars, fetched as deploy/setup.sh fetches the usual ones."""

import shutil
import subprocess
from pathlib import Path

from deploy.local.paths import REPOSITORY
from tests.compat.unavailable import Unavailable

_POM = REPOSITORY / "deploy" / "local" / "kafka-pom.xml"
_GOAL = "org.apache.maven.plugins:maven-dependency-plugin:copy-dependencies"
_SECONDS = 600


def fetch(version: str, folder: Path) -> Path:
    """The folder with the jars of that version, fetched unless it is there. Raises Unavailable."""
    libs = folder / f"kafka-{version}"
    if libs.exists():
        return libs
    maven = shutil.which("mvn")
    if maven is None:
        raise Unavailable("no mvn here")
    fresh = libs.with_suffix(".new")
    shutil.rmtree(fresh, ignore_errors=True)
    command = [maven, "-q", "-B", "-f", _POM, f"-Dkafka.version={version}", _GOAL, "-DincludeScope=runtime",
               f"-DoutputDirectory={fresh}"]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)
    if done.returncode or not any(fresh.glob(f"kafka_2.13-{version}.jar")):
        raise Unavailable(f"Maven could not fetch Kafka {version}: {_last_line(done.stdout)}")
    fresh.rename(libs)
    return libs


def _last_line(text: str) -> str:
    return next((line for line in text.splitlines() if "ERROR" in line), "no reason given")
