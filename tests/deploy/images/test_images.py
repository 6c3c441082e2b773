"""Goal: the images of the Dockerfile work as compose.yaml runs them: from nothing to issued coupons, as nobody on a
read-only root without a shell. Long: it makes Debian systems and installs packages in them."""

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local import paths
from deploy.local.condition import wait_until
from tests.deploy.images.build import Builder
from tests.deploy.images.composed import ComposedSystem
from tests.deploy.images.tree import container
from tests.deploy.test_compose import resolved
from tests.deploy.test_dockerfile import DOCKERFILE
from tests.deploy.tools import run
from tests.support.free_ports import free_ports
from tests.support.requirement import require_kafka
from tests.support.rest import call

PROGRAMS = ("api-gateway", "issue-worker", "expiry-batch")
_READY_SECONDS = 60


@pytest.fixture(scope="module")
def builder() -> Builder:
    """The images on Debian 12, which they are made for."""
    return Builder(DOCKERFILE, "bookworm")


@pytest.fixture(scope="module")
def system(builder: Builder) -> Iterator[ComposedSystem]:
    """Servers, topics, schema, a gateway and a worker, in compose.yaml's order."""
    require_kafka()
    folder = paths.BUILD / "images" / "system"
    shutil.rmtree(folder, ignore_errors=True)
    system = ComposedSystem(folder, resolved()["services"], free_ports())
    try:
        system.start()
        system.kafka.create_topics(system.services["topics"])
        yield system
    finally:
        system.stop()


def pid_of_program(process_id: int) -> int:
    """What runs in the container whose outermost process this is."""
    return int(Path(f"/proc/{process_id}/task/{process_id}/children").read_text().split()[0])


def test_the_database_is_made_ready_once(system: ComposedSystem, builder: Builder) -> None:
    image = builder.image("schema")
    first, second = (system.run("schema", image) for _ in range(2))
    assert first.returncode == 0, first.stderr
    assert "setup-db: applied 0001" in first.stdout
    assert second.returncode == 0 and "applied" not in second.stdout


def test_topics_are_there(system: ComposedSystem) -> None:
    partitions = int(system.services["topics"]["environment"]["PARTITIONS"])
    assert system.kafka.topic_partitions("coupon-issue-request") == partitions
    assert system.kafka.topic_partitions("coupon-issue-request.DLT") == partitions
    assert system.kafka.topic_partitions("coupon-events") == partitions


def test_a_sale(system: ComposedSystem, builder: Builder) -> None:
    gateway_image, worker_image = builder.image("api-gateway"), builder.image("issue-worker")
    assert system.run("api-gateway", gateway_image, gateway_image.probe).returncode == 1, "nobody is there yet"
    gateway = system.start_container("api-gateway", gateway_image)
    worker = system.start_container("issue-worker", worker_image)
    for name, image in (("api-gateway", gateway_image), ("issue-worker", worker_image)):
        def healthy() -> bool:
            return system.run(name, image, image.probe).returncode == 0

        assert wait_until(healthy, _READY_SECONDS), gateway.log_file.read_text() + worker.log_file.read_text()
    for process in (gateway, worker):
        status = Path(f"/proc/{pid_of_program(process.pid())}/status").read_text()
        assert "Uid:\t65532\t65532" in status and "CapBnd:\t0000000000000000" in status
        assert "NoNewPrivs:\t1" in status and "NSpid:" in status
    public, admin = (f"http://127.0.0.1:{port}" for port in (system.ports.gateway, system.ports.gateway_management))
    token = {"Authorization": f"Bearer {system.services['api-gateway']['environment']['COUPON_ADMIN_TOKEN']}"}
    coupon = {"couponId": 1, "name": "Spring", "totalStock": 2, "discountValue": 5000}
    assert call("POST", f"{admin}/admin/v1/coupons", coupon, token).status == 201
    assert call("POST", f"{admin}/admin/v1/coupons/1/open", headers=token).status == 200
    accepted = [call("POST", f"{public}/api/v1/coupons/1/issue", {"userId": user}) for user in (11, 12, 13)]
    assert [answer.status for answer in accepted] == [202, 202, 202]
    results = [call("GET", f"{public}{answer.json['resultUrl']}&wait=20").json for answer in accepted]
    assert [result["status"] for result in results] == ["ISSUED", "ISSUED", "REJECTED"]
    batch = system.run("expiry-batch", builder.image("expiry-batch"))
    assert batch.returncode == 0 and '"outcome":"done"' in batch.stdout, batch.stdout + batch.stderr
    for process in (gateway, worker):
        os.kill(pid_of_program(process.pid()), signal.SIGTERM)
        assert wait_until(lambda: not process.alive(), 30)
        assert '"event":"stopped","message":"exit 0"' in process.log_file.read_text().replace(": ", ":").replace(", ", ",")


def test_the_build_on_debian_13() -> None:
    builder = Builder(DOCKERFILE, "trixie")
    for program in PROGRAMS:
        image = builder.image(program)
        before, environment = container(image.root, {})
        assert run([*before, *image.entry, "--version"], environment=environment).startswith(program)
