"""Home Assistant's app: what its files may say, and what its services do."""

import argparse
import json
import os
import re
import socket
import struct
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.deploy.containers import TOOLS, WITH_INIT, base_image, build, running, settings_of
from tests.deploy.needs import DEPLOY, need
from wyoming_hayakoe.cli.options.configured import configure
from wyoming_hayakoe.cli.options.option import add_options
from wyoming_hayakoe.cli.options.table import SERVING
from wyoming_hayakoe.version import __version__

ADDON = DEPLOY / "addon"
SERVICES = ADDON / "rootfs" / "etc" / "s6-overlay" / "s6-rc.d"
STAND_IN = Path(__file__).with_name("bashio")
CONFIG = yaml.safe_load((ADDON / "config.yaml").read_text(encoding="utf-8"))
LANGUAGES = {path.stem: yaml.safe_load(path.read_text("utf-8")) for path in (ADDON / "translations").glob("*.yaml")}

# From https://developers.home-assistant.io/docs/apps/configuration
REQUIRED = {"name", "version", "slug", "description", "arch"}
OPTIONAL = {"url", "init", "discovery", "ports", "map", "backup_exclude", "timeout", "options", "schema"}
OPTIONAL |= {"ingress", "ingress_port", "panel_icon", "panel_title"}
MAPPED = {"homeassistant_config", "addon_config", "all_addon_configs", "addons", "ssl", "backup", "share", "media"}
ELEMENT = re.compile(
    r"(bool|email|url|port|(str|password)(\(\d*,\d*\))?|int(\(\d*,\d*\))?|float(\([\d.]*,[\d.]*\))?"
    r"|match\(.*\)|list\(.+\))\??"
)
ALL_OPTIONS = {
    "voice": ["tsukuyomi", "anna=file:///share/my voices/anna.aivmx"],
    "speaker": "Happy",
    "length_scale": 1.2,
    "pitch_scale": 0.9,
    "intonation_scale": 1.1,
    "volume": 1.5,
    "sentence_silence": 0.3,
    "lead_silence": 0.2,
    "noise_scale": 0.5,
    "noise_w_scale": 0.7,
    "sdp_ratio": 0.1,
    "source": "hf://me/voices",
    "bert_source": "file:///share/bert",
    "hf_token": "hf_secret",
    "precision": "fp32",
    "threads": 2,
    "max_memory": "1500M",
    "preload": True,
    "offline": True,
    "no_accent": True,
    "code": "silent",
    "read_emoji": True,
    "debug": True,
}


def test_the_configuration_has_the_documented_keys():
    assert set(CONFIG) >= REQUIRED
    assert set(CONFIG) <= REQUIRED | OPTIONAL
    assert set(CONFIG["arch"]) == {"aarch64", "amd64"}
    assert re.fullmatch(r"[-_.A-Za-z0-9]+", CONFIG["slug"])
    assert CONFIG["discovery"] == ["wyoming"]
    assert CONFIG["init"] is False, "s6-overlay wants to be the first process"
    assert 10 <= CONFIG["timeout"] <= 300
    assert f"tcp://0.0.0.0:{CONFIG['ingress_port']}" in ALWAYS
    assert all(re.fullmatch(r"\d+/(tcp|udp)", port) for port in CONFIG["ports"])
    assert {each["type"] for each in CONFIG["map"]} <= MAPPED
    # What the Supervisor has given up: https://developers.home-assistant.io/blog/2026/04/02/builder-migration
    assert not (ADDON / "build.yaml").exists()
    assert "BUILD_FROM" not in (ADDON / "Dockerfile").read_text()


def test_it_is_the_program_of_the_same_version():
    assert CONFIG["version"] == __version__
    assert f"## {__version__}" in (ADDON / "CHANGELOG.md").read_text()


def test_options_fit_their_schema():
    schema, options = CONFIG["schema"], CONFIG["options"]
    for name, kind in schema.items():
        element = kind[0] if isinstance(kind, list) else kind
        assert ELEMENT.fullmatch(element), f"{name}: {element}"
        # A default makes an option required, and one that is required needs a default.
        assert (name in options) != element.endswith("?"), name
    assert set(options) <= set(schema)
    assert set(ALL_OPTIONS) == set(schema)


@pytest.mark.parametrize("language", ["en", "ja"])
def test_every_option_and_port_is_translated(language):
    words = LANGUAGES[language]
    assert set(words) == {"configuration", "network"}
    assert list(words["configuration"]) == list(CONFIG["schema"])
    assert set(words["network"]) == set(CONFIG["ports"])
    for name, texts in words["configuration"].items():
        assert set(texts) == {"name", "description"}, name
        assert all(isinstance(text, str) and text for text in texts.values())


@pytest.mark.parametrize(("name", "size"), [("icon", (128, 128)), ("logo", (250, 100))])
def test_pictures_have_the_recommended_size(name, size):
    data = (ADDON / f"{name}.png").read_bytes()
    # A PNG begins with its signature and the header's length, name, width and height.
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", data[16:24]) == size
    assert len(data) < 10_000


def test_services_are_laid_out_as_s6_rc_wants_them():
    assert (SERVICES / "hayakoe" / "type").read_text() == "longrun\n"
    assert (SERVICES / "discovery" / "type").read_text() == "oneshot\n"
    assert (SERVICES / "discovery" / "dependencies.d" / "hayakoe").exists()
    up = (SERVICES / "discovery" / "up").read_text().strip()
    assert (ADDON / "rootfs" / up.lstrip("/")).exists()
    assert {path.name for path in (SERVICES / "user" / "contents.d").iterdir()} == {"hayakoe", "discovery"}
    for script in (SERVICES / "hayakoe" / "run", SERVICES / "hayakoe" / "finish", SERVICES / "discovery" / "run"):
        assert os.access(script, os.X_OK), script
        assert script.read_text().startswith("#!/command/with-contenv bashio\n")


def run_service(script: Path, folder: Path, program: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a service's script with bashio's stand-in, and with a shell script in the place of the server."""
    (folder / "bin").mkdir()
    if not (folder / "options.json").exists():
        (folder / "options.json").write_text("{}")
    server = folder / "bin" / "wyoming-hayakoe"
    server.write_text(f"#!/bin/bash\n{program}\n")
    server.chmod(0o755)
    places = {"PATH": f"{server.parent}:{os.environ['PATH']}", "OPTIONS": str(folder / "options.json")}
    return subprocess.run(
        ["bash", STAND_IN, script], env=places | environment, capture_output=True, text=True, timeout=30, check=False
    )


def command_line(folder: Path, options: dict[str, object]) -> list[str]:
    """Return what the server is started with, and its token last."""
    (folder / "options.json").write_text(json.dumps(options))
    printing = 'printf "%s\\0" "$@" "${HF_TOKEN}"'
    result = run_service(SERVICES / "hayakoe" / "run", folder, printing)
    assert result.returncode == 0, result.stderr
    return result.stdout.split("\0")[:-1]


ALWAYS = ["--uri", "tcp://0.0.0.0:10200", "--data-dir", "/config", "--no-zeroconf"]
ALWAYS += ["--http", "tcp://0.0.0.0:10201", "--http-host", "any"]


def test_defaults_become_a_plain_server(tmp_path):
    *flags, token = command_line(tmp_path, CONFIG["options"])
    scales = ["--length-scale", "1.0", "--pitch-scale", "1.0", "--intonation-scale", "1.0"]
    assert flags == [*ALWAYS, "--precision", "auto", *scales, "--code", "announce", "--volume", "1.0"]
    assert token == ""


def test_every_option_becomes_its_flag(tmp_path):
    *flags, token = command_line(tmp_path, ALL_OPTIONS)
    assert token == ALL_OPTIONS["hf_token"]
    assert "hf_secret" not in flags
    parser = argparse.ArgumentParser()
    add_options(parser, SERVING)
    given = configure(parser.parse_args(flags), SERVING).settings
    for name, value in ALL_OPTIONS.items():
        if name == "voice":
            assert given.voice == (("tsukuyomi", None), ("anna", "file:///share/my voices/anna.aivmx"))
        elif name == "max_memory":
            assert given.max_memory == 1500 << 20
        elif name != "hf_token":
            assert getattr(given, name) == value


def test_discovery_waits_until_the_server_answers(tmp_path):
    # It answers at the third time.
    program = 'echo "$*" >> asked; [ "$(wc -l < asked)" -ge 3 ]'
    result = run_service(
        SERVICES / "discovery" / "run", tmp_path, f"cd {tmp_path}; {program}", SUPERVISOR=str(tmp_path / "told")
    )
    assert "INFO" in result.stdout, result.stderr
    assert (tmp_path / "asked").read_text() == "health --uri tcp://127.0.0.1:10200\n" * 3
    told = json.loads((tmp_path / "told").read_text())
    assert told == {"service": "wyoming", "config": {"uri": f"tcp://{socket.gethostname()}:10200"}}


def test_discovery_says_what_to_do_where_it_fails(tmp_path):
    result = run_service(SERVICES / "discovery" / "run", tmp_path, "exit 0", SUPERVISOR="refuses")
    assert result.returncode == 0
    assert "ERROR: Home Assistant could not be told: add it by hand" in result.stdout


INIT = """#!/bin/sh
# What s6-overlay does with these two services; Debian has s6, but not s6-rc, which reads their folders.
mkdir -p /run/service /run/s6/basedir/bin /run/s6-linux-init-container-results
ln -s /usr/local/bin/halt /run/s6/basedir/bin/halt
cp -r /etc/s6-overlay/s6-rc.d/hayakoe /run/service/hayakoe
s6-svscan /run/service &
until [ "$(s6-svstat -o up /run/service/hayakoe)" = true ]; do sleep 0.1; done
# An `up` file is a line of execline.
execlineb -P /etc/s6-overlay/s6-rc.d/discovery/up
wait
exit "$(cat /run/s6-linux-init-container-results/exitcode)"
"""


@pytest.fixture
def stand_ins(tmp_path):
    """Return files that do in a plain Debian what Home Assistant's base image and the Supervisor do."""
    additions = tmp_path / "additions"
    files = {
        additions / "init": INIT,
        additions / "command/with-contenv": '#!/bin/sh\nexec "$@"\n',
        additions / "usr/local/bin/bashio": STAND_IN.read_text(),
        additions / "usr/local/bin/halt": "#!/bin/sh\ns6-svscanctl -t /run/service\n",
        additions / "data/options.json": json.dumps(CONFIG["options"]),
    }
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)
    return additions


def test_its_container_serves_tells_home_assistant_and_ends_with_the_server(tmp_path, stand_ins):
    need(*TOOLS, root=True, heavy=True)
    base = base_image("localhost/hayakoe-test-init", *WITH_INIT)
    image = build("localhost/hayakoe-addon", ADDON, f"--build-arg=BUILD_VERSION={CONFIG['version']}", base=base)
    with running(image, tmp_path, "/bin/sh", "/init", additions=stand_ins) as container:
        container.until("Home Assistant has been told")
        told = json.loads((tmp_path / "data" / "supervisor.json").read_text())
        assert told == {"service": "wyoming", "config": {"uri": "tcp://hayakoe:10200"}}
        assert container.say("こんにちは。", tmp_path / "hello.wav").startswith(b"RIFF")
        assert container.exec(*settings_of(image)["Healthcheck"]["Test"][1:]).returncode == 0
        assert container.exec("ls", "/config/voices", "/opt/pip").returncode != 0
        container.exec("s6-svc", "-k", "/run/service/hayakoe")
        # 128 and the signal's number, as everywhere.
        assert container.process.wait(30) == 137, container.log
