"""The manifests: valid, true to the program, and started as they say where nothing can be written."""

import argparse
import asyncio
import importlib
import signal
import subprocess
import urllib.error
import urllib.request
from contextlib import contextmanager

import kubernetes_validate
import pytest
import yaml

from tests.deploy.manifests import BAKED, FOLDER, SHARED, built, containers, kubectl, of_kind, pods, read
from tests.deploy.needs import need
from tests.support import DEADLINE, TINY_REPO, clean_environment, command, eventually, free_port, run_program
from wyoming_hayakoe.cli.client import Client
from wyoming_hayakoe.cli.options.configured import configure
from wyoming_hayakoe.cli.options.option import Option
from wyoming_hayakoe.cli.options.table import FETCHING, LOGGING, PREPARING, SERVING

# The oldest with the sleep action, and one of today.
VERSIONS = ("1.30", "1.35")
FILES = sorted(FOLDER.rglob("*.yaml"))
PREPARE = SHARED / "prepare.yaml"
OPTIONS: dict[str, tuple[Option, ...]] = {"serve": SERVING, "download": FETCHING, "compile": (*PREPARING, *LOGGING)}
# Where a prepared volume is mounted for the test; the containers have it at /data.
MOUNT = "/mnt"


def everything():
    return [*built(BAKED), *built(SHARED), *read(PREPARE)]


def replicas(folder):
    return of_kind(built(folder), "Deployment")["spec"]["template"]["spec"]["containers"][0]


# -- what is written --


@pytest.mark.parametrize("version", VERSIONS)
def test_every_manifest_is_valid_and_has_no_unknown_field(version):
    manifests = everything()
    assert manifests
    for manifest in manifests:
        kubernetes_validate.validate(manifest, version, strict=True)


def test_the_validator_would_find_a_fault():
    faulty = of_kind(built(BAKED), "Deployment")
    faulty["spec"]["template"]["spec"]["containers"][0]["argumets"] = []
    with pytest.raises(kubernetes_validate.ValidationError, match="argumets"):
        kubernetes_validate.validate(faulty, VERSIONS[0], strict=True)


@pytest.mark.parametrize("folder", [BAKED, SHARED], ids=lambda folder: folder.name)
def test_kustomize_builds_what_the_tests_build(folder):
    ran = subprocess.run([kubectl(), "kustomize", str(folder)], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert by_kind(yaml.safe_load_all(ran.stdout)) == by_kind(built(folder))


def by_kind(manifests):
    return {manifest["kind"]: manifest for manifest in manifests}


def test_every_file_is_used():
    used = {PREPARE}
    for folder in (BAKED, SHARED):
        (kustomization,) = read(folder / "kustomization.yaml")
        used |= {folder / "kustomization.yaml"}
        used |= {folder / name for name in kustomization["resources"]}
        used |= {folder / patch["path"] for patch in kustomization.get("patches", [])}
    assert set(FILES) <= used


def test_every_flag_is_one_of_the_program_and_has_an_allowed_value():
    for container in containers(everything()):
        arguments = list(container.get("args", []))
        name = arguments.pop(0) if arguments[0] in OPTIONS else "serve"
        parser = argparse.ArgumentParser(exit_on_error=False, allow_abbrev=False)
        importlib.import_module(f"wyoming_hayakoe.cli.{name}").add_arguments(parser)
        flags = parser.parse_args(arguments)
        flags.voice = flags.voice or None
        assert configure(flags, OPTIONS[name]).settings


def test_every_variable_is_one_of_the_program():
    known = {option.variable for option in SERVING}
    given = {name for manifest in everything() if manifest["kind"] == "ConfigMap" for name in manifest["data"]}
    given |= {variable["name"] for container in containers(everything()) for variable in container.get("env", [])}
    assert given
    assert given <= known


def test_all_that_speak_of_the_replicas_mean_the_same_pods():
    for folder in (BAKED, SHARED):
        found = by_kind(built(folder))
        deployment = found["Deployment"]
        labels = deployment["spec"]["template"]["metadata"]["labels"]
        assert deployment["spec"]["selector"]["matchLabels"] == labels
        assert found["Service"]["spec"]["selector"] == labels
        assert found["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"] == labels
        target = found["HorizontalPodAutoscaler"]["spec"]["scaleTargetRef"]
        assert (target["kind"], target["name"]) == ("Deployment", deployment["metadata"]["name"])
        # The autoscaler says how many: a number in the manifest would be set again at each apply.
        assert "replicas" not in deployment["spec"]
    job = of_kind(read(PREPARE), "Job")
    assert job["spec"]["template"]["metadata"]["labels"] != labels
    assert {container["image"] for container in containers(everything())} == {replicas(BAKED)["image"]}


def test_pods_have_no_rights_and_write_nowhere_but_where_they_must():
    for pod in pods(everything()):
        assert pod["automountServiceAccountToken"] is False
        assert pod["enableServiceLinks"] is False
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        volumes = {volume["name"] for volume in pod["volumes"]}
        for container in (*pod.get("initContainers", []), *pod["containers"]):
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert container["resources"]["requests"].keys() == {"cpu", "memory"}
            assert {mount["name"] for mount in container["volumeMounts"]} <= volumes


def test_a_replica_has_the_time_that_its_drain_takes():
    pod = of_kind(built(BAKED), "Deployment")["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    (grace,) = [int(flag.partition("=")[2]) for flag in container["args"] if flag.startswith("--grace=")]
    wait = container["lifecycle"]["preStop"]["sleep"]["seconds"]
    readiness = container["readinessProbe"]
    assert wait > readiness["periodSeconds"] * readiness["failureThreshold"]
    assert pod["terminationGracePeriodSeconds"] > wait + grace


# -- what it does --


@pytest.fixture(scope="module")
def volume(tmp_path_factory):
    """A data folder that the Job's containers have prepared, as it is written but for the voice."""
    folder = tmp_path_factory.mktemp("voices")
    environment = {"HAYAKOE_VOICE": f"rand-jp={TINY_REPO.as_uri()}", "HAYAKOE_DATA_DIR": str(folder)}
    environment["HAYAKOE_BERT_SOURCE"] = TINY_REPO.as_uri()
    for container in containers([of_kind(read(PREPARE), "Job")]):
        ran = run_program(*container["args"], **environment)
        assert ran.returncode == 0, ran.stderr
    return folder, environment


CONFINE = f"""
mount --bind "$1" {MOUNT}
mount -o remount,bind,ro {MOUNT}
mount -o remount,bind,ro /
if touch {MOUNT}/here 2>/dev/null; then exit 1; fi
shift
exec "$@"
"""


@contextmanager
def replica(container, folder, environment):
    """Start a container's program on a file system that takes nothing; yield its process, its port and its probes'."""
    need("unshare", root=True)
    port, metrics = free_port(), free_port()
    arguments = [
        argument.replace("0.0.0.0:10200", f"127.0.0.1:{port}").replace("0.0.0.0:10201", f"127.0.0.1:{metrics}")
        for argument in container["args"]
    ]
    confined = ["unshare", "--mount", "sh", "-ec", CONFINE, "sh", str(folder), *command(*arguments)]
    process = subprocess.Popen(confined, env=clean_environment(**environment | {"HAYAKOE_DATA_DIR": MOUNT}))
    try:
        yield process, port, metrics
    finally:
        process.kill()
        process.wait()


def get(port, path):
    """Return status and text of a page; 0 while nobody answers."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=DEADLINE) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, ""
    except OSError:
        return 0, ""


def probe(container, kind, metrics):
    """Ask what the kubelet asks, and return the status."""
    asked = container[kind]["httpGet"]
    assert {port["name"]: port["containerPort"] for port in container["ports"]}[asked["port"]] == 10201
    return get(metrics, asked["path"])[0]


async def test_a_replica_with_baked_voices_starts_is_asked_and_goes(tmp_path):
    container = replicas(BAKED)
    with replica(container, tmp_path, {}) as (process, port, metrics):
        await eventually(lambda: probe(container, "readinessProbe", metrics) == 200, "it is ready")
        assert probe(container, "startupProbe", metrics) == 200
        assert probe(container, "livenessProbe", metrics) == 200
        async with Client(f"tcp://127.0.0.1:{port}") as client:
            assert [voice.name for voice in (await client.describe()).tts[0].voices] == ["mei"]
            assert [chunk async for chunk in client.speak("こんにちは。")]
        page = get(metrics, "/metrics")[1]
        (wanted,) = of_kind(built(BAKED), "HorizontalPodAutoscaler")["spec"]["metrics"]
        assert f"\n{wanted['pods']['metric']['name']} 0.0\n" in page
        process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(process.wait, DEADLINE) == 0


async def test_replicas_speak_from_a_prepared_volume_that_is_read_only(volume):
    folder, environment = volume
    container = replicas(SHARED)
    (mount,) = [mount for mount in container["volumeMounts"] if mount["name"] == "voices"]
    assert (mount["mountPath"], mount["readOnly"]) == ("/data", True)
    before = sorted(folder.rglob("*"))
    with replica(container, folder, environment) as (_, port, metrics):
        await eventually(lambda: probe(container, "readinessProbe", metrics) == 200, "it is ready")
        async with Client(f"tcp://127.0.0.1:{port}") as client:
            assert (await client.describe()).tts[0].voices[0].name == "rand-jp"
            assert [chunk async for chunk in client.speak("こんにちは。")]
    assert sorted(folder.rglob("*")) == before
