"""Goal: what kustomize makes of deploy/kubernetes is what the API servers take, fits the programs' own settings, and scales
no further than the topic allows."""

import configparser
import copy
import re
import shutil
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

from deploy.local.paths import REPOSITORY
from deploy.local.world import EVENTS_TOPIC
from tests.deploy.manifests import (
    FOLDER, OVERLAYS, PROGRAMS, SERVERS, SHOP, SHOP_OVERLAYS, Object, command, environment, mounted_files, one, overlay,
    pod_templates, template, type_errors,
)  # fmt: skip
from tests.deploy.option_table import missing_settings, settings, variables
from tests.deploy.tools import run
from tests.deploy.topics import topics_made, topics_wanted

_MODES = {"issue-worker-relay": "relay", "coupon-statistics": "statistics", SHOP: "shop"}  # of issue-worker
_MYSQL_ANSWER_SECONDS = 15
_LONGEST_PRODUCE_SECONDS = 10  # message.timeout.ms and socket.timeout.ms of the gateway's producer
_RELAY_ANSWER_SECONDS = 5  # the relay waits no longer for MySQL, since it has a lease to keep


@pytest.fixture(params=OVERLAYS)
def objects(request: pytest.FixtureRequest) -> tuple[Object, ...]:
    """Each overlay, rendered."""
    return overlay(request.param)


def default(flag: str, *program: str) -> str:
    """A default of the program (and mode)."""
    (setting,) = [setting for setting in settings(*program) if setting.flag == flag]
    return setting.default


def seconds(program: str, flag: str) -> int:
    """The same, in seconds."""
    return int(default(flag, program))


def with_shop(programs: tuple[str, ...]) -> list[tuple[str, str]]:
    """Overlay and program, of all overlays; the shop's where it is part of one."""
    return [(name, program) for name in OVERLAYS for program in (*programs, *((SHOP,) if name in SHOP_OVERLAYS else ()))]


def ours(objects: tuple[Object, ...]) -> list[str]:
    """The names of what runs an image of the project."""
    return [name for name, pod in pod_templates(objects) if "coupon-rush/" in pod["spec"]["containers"][0]["image"]]


def partitions_of(objects: tuple[Object, ...]) -> int:
    """How many each topic has, as is said there."""
    return int(one(objects, "ScaledObject", "issue-worker")["metadata"]["annotations"]["coupon-rush/partitions"])


def test_overlays_have_their_programs() -> None:
    wanted = {name: {*PROGRAMS, "schema"} for name in OVERLAYS}
    for name, program in with_shop(()):
        wanted[name].add(program)
    assert {name: set(ours(overlay(name))) for name in OVERLAYS} == wanted


def test_types_are_those_of_the_apis(objects: tuple[Object, ...]) -> None:
    assert type_errors(objects) == []


def test_the_types_find_mistakes() -> None:
    objects = copy.deepcopy(overlay("production"))
    template(objects, "api-gateway")["spec"]["containers"][0]["livenesProbe"] = {}
    one(objects, "ScaledObject", "issue-worker")["spec"]["triggers"][0]["metadata"]["lagThreshold"] = 5000
    one(objects, "ServiceMonitor", "coupon-rush")["spec"]["endpoints"][0]["prt"] = "management"
    found = "\n".join(type_errors(objects))
    assert "livenesProbe" in found and "'number' is not assignable to type 'string'" in found and "prt" in found


@pytest.mark.parametrize(("name", "program"), with_shop(PROGRAMS))
def test_settings_exist_and_none_is_missing(name: str, program: str) -> None:
    given = environment(overlay(name), program)
    image, *mode = command(overlay(name), program)
    assert (image, *mode) == (("issue-worker", _MODES[program]) if program in _MODES else (program,))
    assert not given.keys() - variables(image, *mode).keys()
    assert not missing_settings(image, *mode, given=set(given))


@pytest.mark.parametrize(("name", "program"), with_shop((*PROGRAMS, "schema")))
def test_files_that_settings_name_are_mounted(name: str, program: str) -> None:
    objects = overlay(name)
    named = {value for name, value in environment(objects, program).items() if name.endswith("_FILE")}
    mounted = mounted_files(objects, program)
    if named and not mounted:
        assert program == "schema", "only a server of one's own is given all of the Secret"
        return
    given = environment(objects, program)
    if program != "schema" and "COUPON_MYSQL_USER" in given:
        assert given["COUPON_MYSQL_PASSWORD_FILE"].endswith(given["COUPON_MYSQL_USER"].replace("coupon_", "/mysql-password-"))
    assert named == mounted.keys(), "no more secrets than the program reads"
    assert all(path.rpartition("/")[2] == key for path, key in mounted.items())


def test_users_prove_who_they_are_but_in_dev() -> None:
    for name in OVERLAYS:
        given = environment(overlay(name), "api-gateway")
        assert given["COUPON_AUTH"] == ("off" if name == "dev" else "jwt")
        assert name == "dev" or {"COUPON_JWT_JWKS_FILE", "COUPON_JWT_ISSUER", "COUPON_JWT_AUDIENCE"} <= given.keys()


def test_a_secret_that_is_made_here_has_all_keys(objects: tuple[Object, ...]) -> None:
    wanted = {key for program in ours(objects) for key in mounted_files(objects, program).values()}
    grants = configparser.ConfigParser()
    grants.read(REPOSITORY / "deploy" / "schema" / "grants.ini")
    users = {f"mysql-password-{program}" for program in grants.sections()}
    assert {"mysql-password-relay", "mysql-password-worker"} <= users
    for secret in (o for o in objects if o["kind"] == "Secret"):
        assert wanted | users <= secret["data"].keys()
    assert {key for key in wanted if not key.startswith("mysql-password")} - {"jwks"} == {
        setting.flag.removeprefix("--").removesuffix("-file") for setting in settings("api-gateway")
        if setting.required and setting.flag.endswith("-file") and "mysql" not in setting.flag
    }  # fmt: skip


def test_pods_are_confined(objects: tuple[Object, ...]) -> None:
    for name, pod in pod_templates(objects):
        assert pod["spec"]["automountServiceAccountToken"] is False and pod["spec"]["enableServiceLinks"] is False, name
        if name not in ours(objects):
            continue
        security = pod["spec"]["securityContext"]
        assert security["runAsNonRoot"] and security["runAsUser"] == 65532
        assert security["seccompProfile"] == {"type": "RuntimeDefault"}
        for container in pod["spec"]["containers"]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]},
            }  # fmt: skip
            assert "memory" in container["resources"]["limits"] and "cpu" in container["resources"]["requests"]
            assert "cpu" not in container["resources"]["limits"], "throttling is latency"


@pytest.mark.parametrize(("name", "program"), with_shop(SERVERS))
def test_probes_and_services_reach_the_listeners(name: str, program: str) -> None:
    objects = overlay(name)
    (container,) = template(objects, program)["spec"]["containers"]
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    listening = {
        int(value.rpartition(":")[2]) for name, value in environment(objects, program).items() if name.endswith("LISTEN")
    }
    assert set(ports.values()) == listening
    assert str(ports["management"]) == default("--management-listen", *command(objects, program)).rpartition(":")[2]
    for probe, path in (("startupProbe", "/livez"), ("readinessProbe", "/readyz"), ("livenessProbe", "/livez")):
        assert container[probe]["httpGet"] == {"path": path, "port": "management"}
    for service in (o for o in objects if o["kind"] == "Service" and o["spec"]["selector"]["app.kubernetes.io/name"] == program):
        assert {port["targetPort"] for port in service["spec"]["ports"]} <= ports.keys()
        labels = template(objects, program)["metadata"]["labels"]
        assert service["spec"]["selector"].items() <= labels.items()


@pytest.mark.parametrize(("name", "program"), with_shop(SERVERS))
def test_metrics_of_all_are_scraped(name: str, program: str) -> None:
    spec = one(overlay("production"), "ServiceMonitor", "coupon-rush")["spec"]
    selected = [
        service["metadata"]["labels"][spec["jobLabel"]] for service in overlay(name)
        if service["kind"] == "Service" and _selects(spec["selector"], service["metadata"].get("labels", {}))
        and {port["name"] for port in service["spec"]["ports"]} == {endpoint["port"] for endpoint in spec["endpoints"]}
    ]  # fmt: skip
    assert selected.count(program) == 1


def test_clients_cannot_reach_the_admin_api(objects: tuple[Object, ...]) -> None:
    ports = one(objects, "Service", "api-gateway")["spec"]["ports"]
    assert [port["targetPort"] for port in ports] == ["http"]


def test_pods_get_the_time_that_their_end_takes(objects: tuple[Object, ...]) -> None:
    gateway = template(objects, "api-gateway")["spec"]
    pause = gateway["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert 5 <= pause <= 10
    answer = seconds("api-gateway", "--mysql-answer-timeout")
    assert answer == _MYSQL_ANSWER_SECONDS
    assert gateway["terminationGracePeriodSeconds"] > pause + max(_LONGEST_PRODUCE_SECONDS, answer)
    worker = template(objects, "issue-worker")["spec"]
    assert "lifecycle" not in worker["containers"][0], "nobody sends to a worker"
    longest = 2 * seconds("issue-worker", "--mysql-answer-timeout") + seconds("issue-worker", "--mysql-connect-timeout")
    assert worker["terminationGracePeriodSeconds"] > longest
    if SHOP in ours(objects):
        assert template(objects, SHOP)["spec"]["terminationGracePeriodSeconds"] > longest
    relay = template(objects, "issue-worker-relay")["spec"]
    longest = 2 * _RELAY_ANSWER_SECONDS + seconds("issue-worker", "--mysql-connect-timeout")
    assert relay["terminationGracePeriodSeconds"] > longest
    assert template(objects, "coupon-statistics")["spec"]["terminationGracePeriodSeconds"] > _LONGEST_PRODUCE_SECONDS


def test_a_second_relay_stands_by(objects: tuple[Object, ...]) -> None:
    relay = one(objects, "Deployment", "issue-worker-relay")["spec"]
    assert relay["replicas"] == 2
    assert relay["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    spread = relay["template"]["spec"]["topologySpreadConstraints"]
    assert "kubernetes.io/hostname" in {rule["topologyKey"] for rule in spread}, "on two machines"


def test_readers_of_topics_are_no_more_than_partitions(objects: tuple[Object, ...]) -> None:
    for name in {"coupon-statistics", SHOP} & set(ours(objects)):
        consumers = int(environment(objects, name).get("COUPON_CONSUMERS", "1"))
        assert 1 <= one(objects, "Deployment", name)["spec"]["replicas"] * consumers <= partitions_of(objects)


def test_the_relay_and_its_readers_mean_one_topic(objects: tuple[Object, ...]) -> None:
    for name in ("issue-worker-relay", "coupon-statistics"):
        assert environment(objects, name)["COUPON_EVENTS_TOPIC"] == EVENTS_TOPIC


def test_workers_are_no_more_than_partitions(objects: tuple[Object, ...], tmp_path: Path) -> None:
    scaled = one(objects, "ScaledObject", "issue-worker")
    consumers = int(environment(objects, "issue-worker")["COUPON_CONSUMERS"])
    partitions = partitions_of(objects)
    assert scaled["spec"]["maxReplicaCount"] * consumers == partitions
    assert scaled["spec"]["minReplicaCount"] >= 1
    assert scaled["spec"]["fallback"]["replicas"] <= scaled["spec"]["maxReplicaCount"]
    for job in (o for o in objects if o["kind"] == "Job" and o["metadata"]["name"] == "topics"):
        (container,) = job["spec"]["template"]["spec"]["containers"]
        given = {variable["name"]: variable["value"] for variable in container["env"]}
        assert int(given["PARTITIONS"]) == partitions
        assert given["TOPIC"] == environment(objects, "issue-worker")["COUPON_KAFKA_TOPIC"]
        made = topics_made(container["command"][-1], given, tmp_path)
        assert made == topics_wanted(partitions)
        shop = environment(objects, SHOP)
        assert {shop["COUPON_PAYMENT_TOPIC"], shop["COUPON_CANCEL_TOPIC"]} <= made.keys()


def test_keda_looks_at_the_lag_of_these_workers(objects: tuple[Object, ...]) -> None:
    spec = one(objects, "ScaledObject", "issue-worker")["spec"]
    (trigger,) = spec["triggers"]
    assert trigger["type"] == "kafka"
    assert all(isinstance(value, str) for value in trigger["metadata"].values())
    given = environment(objects, "issue-worker")
    named = {value for key, value in trigger["metadata"].items() if key.endswith("FromEnv")}
    assert named == {"COUPON_KAFKA_BROKERS", "COUPON_KAFKA_GROUP", "COUPON_KAFKA_TOPIC"} and named <= given.keys()
    assert trigger["metadata"]["offsetResetPolicy"] == "earliest"
    assert trigger["metadata"]["limitToPartitionsWithLag"] == "true"
    assert spec["scaleTargetRef"]["name"] == one(objects, "Deployment", "issue-worker")["metadata"]["name"]
    assert not [o for o in objects if o["kind"] == "HorizontalPodAutoscaler" and "issue-worker" in str(o["spec"]["scaleTargetRef"])]
    for name in ("api-gateway", "issue-worker"):
        assert "replicas" not in one(objects, "Deployment", name)["spec"], "each apply would undo the scaling"


def test_expiry_runs_one_at_a_time_and_ends(objects: tuple[Object, ...]) -> None:
    spec = one(objects, "CronJob", "expiry-batch")["spec"]
    assert spec["concurrencyPolicy"] == "Forbid" and spec["timeZone"] == "Etc/UTC"
    period = 60 * int(re.fullmatch(r"\*/(\d+) \* \* \* \*", spec["schedule"])[1])
    assert spec["startingDeadlineSeconds"] < period
    deadline = spec["jobTemplate"]["spec"]["activeDeadlineSeconds"]
    budget = int(environment(objects, "expiry-batch")["COUPON_TIME_BUDGET"])
    assert budget + seconds("expiry-batch", "--mysql-answer-timeout") < deadline < period
    assert template(objects, "expiry-batch")["spec"]["restartPolicy"] == "Never"


@pytest.mark.parametrize(("name", "program"), with_shop(SERVERS))
def test_one_pod_at_a_time_is_taken_away(name: str, program: str) -> None:
    objects = overlay(name)
    budget = one(objects, "PodDisruptionBudget", program)["spec"]
    assert budget["maxUnavailable"] == 1
    assert budget["selector"]["matchLabels"].items() <= template(objects, program)["metadata"]["labels"].items()


def test_network_policies_allow_what_is_used(objects: tuple[Object, ...]) -> None:
    policies = [o["spec"] for o in objects if o["kind"] == "NetworkPolicy"]
    nothing = [p for p in policies if set(p["policyTypes"]) == {"Ingress", "Egress"} and "ingress" not in p and "egress" not in p]
    for program in ours(objects):
        labels = template(objects, program)["metadata"]["labels"]
        assert any(p["podSelector"]["matchLabels"].items() <= labels.items() for p in nothing), program
        allowed = {
            port["port"] for p in policies if _selects(p["podSelector"], labels)
            for rule in p.get("egress", []) for port in rule["ports"]
        }  # fmt: skip
        given = environment(objects, program)
        used = {int(given[name]) for name in ("COUPON_MYSQL_PORT", "COUPON_REDIS_PORT") if name in given}
        used |= {int(broker.rpartition(":")[2]) for broker in given.get("COUPON_KAFKA_BROKERS", "").split(",") if broker}
        if "COUPON_PUSHGATEWAY" in given:
            used.add(urlsplit(given["COUPON_PUSHGATEWAY"]).port or 80)
        sentinels = {26379} if "COUPON_REDIS_PORT" in given else set()
        assert allowed == used | sentinels | {53}, program
        reached = {
            port["port"] for p in policies if _selects(p["podSelector"], labels)
            for rule in p.get("ingress", []) if "from" in rule for port in rule["ports"]
        }  # fmt: skip
        assert reached == ({"management"} if program in {*SERVERS, SHOP} else set()), program


@pytest.mark.parametrize("name", [name for name in OVERLAYS if name != "dev"])
def test_expiry_tells_prometheus_by_a_pushgateway(name: str) -> None:
    objects = overlay(name)
    address = urlsplit(environment(objects, "expiry-batch")["COUPON_PUSHGATEWAY"])
    _, namespace = str(address.hostname).split(".")
    rules = one(objects, "NetworkPolicy", "expiry-batch-pushgateway")["spec"]["egress"]
    assert rules == [{
        "to": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}}}],
        "ports": [{"protocol": "TCP", "port": address.port}],
    }], "the policy's namespace and port are those of the address"  # fmt: skip
    selected = one(objects, "NetworkPolicy", "expiry-batch-pushgateway")["spec"]["podSelector"]
    labels = {program: template(objects, program)["metadata"]["labels"] for program in ours(objects)}
    assert [program for program in labels if _selects(selected, labels[program])] == ["expiry-batch"]


def _selects(selector: Object, labels: dict[str, str]) -> bool:
    wanted = selector.get("matchLabels", {}).items() <= labels.items()
    return wanted and all(
        rule["operator"] == "In" and labels.get(rule["key"]) in rule["values"] for rule in selector.get("matchExpressions", [])
    )


def test_kubectl_renders_the_same() -> None:
    if not shutil.which("kubectl"):
        pytest.skip("kubectl is not here; kustomize itself is")
    for name in OVERLAYS:
        text = run(["kubectl", "kustomize", FOLDER / "overlays" / name])
        assert list(yaml.safe_load_all(text)) == list(overlay(name))
