"""Kubernetes objects as kustomize renders them, and what tests ask of them."""

import json
import re
import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from deploy.local.paths import BUILD, REPOSITORY
from tests.deploy.tools import node_modules, node_tool, run

FOLDER = REPOSITORY / "deploy" / "kubernetes"
OVERLAYS = ("dev", "production", "production-several-consumers")
SERVERS = ("api-gateway", "issue-worker", "issue-worker-relay", "coupon-statistics")  # run until they are ended
PROGRAMS = (*SERVERS, "expiry-batch")
SHOP = "issue-worker-shop"
SHOP_OVERLAYS = ("dev",)

Object = dict[str, Any]
_PACKAGES = {
    "keda.sh": "@kubernetes-models/keda/keda.sh",
    "monitoring.coreos.com": "@kubernetes-models/prometheus-operator/monitoring.coreos.com",
}


@cache
def rendered(folder: Path) -> tuple[Object, ...]:
    """What `kubectl apply -k` would send."""
    return tuple(yaml.safe_load_all(run([node_tool("kustomize"), "build", folder])))


def overlay(name: str) -> tuple[Object, ...]:
    """The objects of an overlay."""
    return rendered(FOLDER / "overlays" / name)


def one(objects: tuple[Object, ...], kind: str, name: str) -> Object:
    """The object of this kind and name."""
    (found,) = [o for o in objects if o["kind"] == kind and o["metadata"]["name"] == name]
    return found


def pod_templates(objects: tuple[Object, ...]) -> Iterator[tuple[str, Object]]:
    """Name and pod template of all that makes pods."""
    for o in objects:
        if o["kind"] in ("Deployment", "Job"):
            yield o["metadata"]["name"], o["spec"]["template"]
        elif o["kind"] == "CronJob":
            yield o["metadata"]["name"], o["spec"]["jobTemplate"]["spec"]["template"]


def template(objects: tuple[Object, ...], name: str) -> Object:
    """The pod template of a program."""
    return dict(pod_templates(objects))[name]


def command(objects: tuple[Object, ...], name: str) -> tuple[str, ...]:
    """What the container of a program runs: the image's program, and its mode."""
    (container,) = template(objects, name)["spec"]["containers"]
    return container["image"].rpartition("/")[2].partition(":")[0], *container.get("args", ())


def environment(objects: tuple[Object, ...], name: str) -> dict[str, str]:
    """What the container of a program gets from its ConfigMaps."""
    (container,) = template(objects, name)["spec"]["containers"]
    found: dict[str, str] = {}
    for source in container["envFrom"]:
        data = one(objects, "ConfigMap", source["configMapRef"]["name"])["data"]
        assert not found.keys() & data.keys(), "a setting in two ConfigMaps"
        found.update(data)
    return found


def mounted_files(objects: tuple[Object, ...], name: str) -> dict[str, str]:
    """Path → key of the Secret, of the files that the program's pod has."""
    spec = template(objects, name)["spec"]
    places = {mount["name"]: mount["mountPath"] for mount in spec["containers"][0].get("volumeMounts", [])}
    return {
        f"{places[volume['name']]}/{item['path']}": item["key"]
        for volume in spec.get("volumes", []) if "secret" in volume
        for item in volume["secret"].get("items", [])
    }  # fmt: skip


def type_errors(objects: tuple[Object, ...]) -> list[str]:
    """What the API types, made from the schemas of Kubernetes, KEDA and the Prometheus Operator, don't allow: unknown
    fields, fields that are missing, wrong types."""
    modules = node_modules()
    folder = BUILD / "deploy-tools" / "checked"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    lines = []
    for number, o in enumerate(objects):
        import_line, kind = _type_of(o, modules)
        lines.append(f"{import_line.replace('KIND', f'I{kind} as T{number}')}\n"
                     f"export const o{number}: T{number} = {json.dumps(o, indent=1)};")  # fmt: skip
    source = folder / "objects.ts"
    source.write_text("\n".join(lines))
    try:
        run([node_tool("tsc"), "--noEmit", "--strict", "--skipLibCheck", "--module", "nodenext", "--target", "es2022", source])
    except AssertionError as error:
        return re.findall(r"error TS\d+: .*", str(error)) or [str(error)]
    return []


def _type_of(o: Object, modules: Path) -> tuple[str, str]:
    group, _, version = o["apiVersion"].rpartition("/")
    package = next((path for suffix, path in _PACKAGES.items() if group == suffix), f"kubernetes-models/{group}".rstrip("/"))
    path = f"{package}/{version}/{o['kind']}"
    assert (modules / f"{path}.d.ts").exists(), f"no schema for {o['apiVersion']} {o['kind']}"
    return f'import type {{ KIND }} from "{path}";', o["kind"]
