"""What deploy/kubernetes holds, read as Kubernetes reads it."""

import copy
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.needs import DEPLOY

FOLDER = DEPLOY / "kubernetes"
BAKED = FOLDER / "baked-voices"
SHARED = FOLDER / "shared-voices"

Manifest = dict[str, Any]


def read(path: Path) -> list[Manifest]:
    """Return the documents of a file."""
    return [document for document in yaml.safe_load_all(path.read_text(encoding="utf-8")) if document]


def built(folder: Path) -> list[Manifest]:
    """Do to a folder what `kubectl kustomize` does, as far as it is used here."""
    (kustomization,) = read(folder / "kustomization.yaml")
    found: list[Manifest] = []
    for name in kustomization["resources"]:
        place = (folder / name).resolve()
        found += built(place) if place.is_dir() else read(place)
    found = copy.deepcopy(found)
    for image in kustomization.get("images", []):
        for container in containers(found):
            if container["image"] == image["name"]:
                container["image"] = f"{image['newName']}:{image['newTag']}"
    for patch in kustomization.get("patches", []):
        for change in yaml.safe_load((folder / patch["path"]).read_text(encoding="utf-8")):
            _add(of_kind(found, patch["target"]["kind"]), change)
    return found


def of_kind(manifests: list[Manifest], kind: str) -> Manifest:
    """Return the one of a kind."""
    (found,) = [manifest for manifest in manifests if manifest["kind"] == kind]
    return found


def pods(manifests: list[Manifest]) -> list[Manifest]:
    """Return the specifications of the pods that they start."""
    return [one["spec"]["template"]["spec"] for one in manifests if "template" in one.get("spec", {})]


def containers(manifests: list[Manifest]) -> list[Manifest]:
    """Return the containers that they start."""
    return [one for pod in pods(manifests) for one in (*pod.get("initContainers", []), *pod["containers"])]


def kubectl() -> str:
    """Return the command, or skip the test: no package registry has one with a Kustomize of this decade."""
    found = shutil.which("kubectl")
    told = found and subprocess.run([found, "version", "--client"], capture_output=True, text=True, check=False).stdout
    if not told or not re.search(r"Kustomize Version: v[5-9]", told):
        pytest.skip("kubectl with Kustomize 5 or newer is not here")
    return str(found)


def _add(manifest: Manifest, change: dict[str, Any]) -> None:
    """Apply one JSON patch (RFC 6902) that adds."""
    assert change["op"] == "add"
    *path, last = change["path"].lstrip("/").split("/")
    place: Any = manifest
    for step in path:
        place = place[int(step) if isinstance(place, list) else step]
    if isinstance(place, list):
        assert last == "-"
        place.append(change["value"])
    else:
        assert last not in place
        place[last] = change["value"]
