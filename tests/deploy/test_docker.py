"""The Dockerfile, built and run for real: script/test_docker runs just this."""

import subprocess
import wave
from io import BytesIO

import pytest

from script.arm64.boards import BOARDS, write_one_core
from script.arm64.root import register
from tests.deploy.containers import (
    ARM64,
    BASE,
    PYTHON,
    TOOLS,
    base_image,
    build,
    files_of,
    megabytes,
    plain_image,
    running,
    settings_of,
)
from tests.deploy.needs import CHECKOUT, need
from tests.support import DEADLINE, TINY_REPO, run_program

LISTENING = "listening on tcp://0.0.0.0:10200"
HERE = "tcp://127.0.0.1:10200"


@pytest.fixture(scope="module", autouse=True)
def tools():
    need(*TOOLS, root=True, heavy=True)


@pytest.fixture(scope="module")
def plain():
    return plain_image()


@pytest.fixture(scope="module")
def baked():
    local = ["--build-context", f"local={TINY_REPO}", "--build-arg", "VOICES=rand-jp=file:///data/local"]
    return build("localhost/hayakoe-baked", CHECKOUT, *local)


def seconds(wav: bytes) -> float:
    with wave.open(BytesIO(wav)) as sound:
        return sound.getnframes() / sound.getframerate()


def frames(wav: bytes) -> bytes:
    with wave.open(BytesIO(wav)) as sound:
        return sound.readframes(sound.getnframes())


def test_the_image_says_how_it_runs(plain):
    settings = settings_of(plain)
    assert settings["Entrypoint"] == ["wyoming-hayakoe"]
    assert settings["User"] == "hayakoe"
    assert settings["Volumes"] == {"/data": {}}
    assert settings["ExposedPorts"] == {"10200": {}} or settings["ExposedPorts"] == {"10200/tcp": {}}
    assert settings["StopSignal"] == "SIGTERM"
    assert settings["Healthcheck"]["Test"] == ["CMD", "wyoming-hayakoe", "health", "--uri", "tcp://127.0.0.1:10200"]


def test_the_image_is_small(plain):
    whole, base = megabytes(plain), megabytes(BASE)
    print(f"\nimage: {whole:.0f} MB, of which {base:.0f} MB are its base")
    assert whole - base < 650
    with files_of(plain) as root:
        program = root / "opt" / "wyoming-hayakoe"
        names = {path.name for path in program.rglob("*")}
        assert not names & {"pip", "setuptools", "hatchling", "tests", "pytest"}
        assert not [path for path in ("src", "opt/pip", "root/.cache") if any((root / path).rglob("*"))]
        assert not [tool for tool in ("gcc", "cc", "make") if (root / "usr" / "bin" / tool).exists()]
        assert (root / "etc" / "machine-id").read_bytes() == b""
        assert {path.name for path in (root / "data").rglob("*")} <= {"local"}


def test_it_serves_on_a_read_only_root_as_somebody_without_rights(plain, tmp_path):
    with running(plain, tmp_path) as container:
        container.until(LISTENING)
        assert seconds(container.say("こんにちは。", tmp_path / "hello.wav")) > 0.5
        status = container.exec("cat", "/proc/1/status").stdout
        assert "Uid:\t10200\t10200\t10200\t10200" in status
        assert "CapEff:\t0000000000000000" in status
        assert container.exec("touch", "/etc/x", "/opt/x", "/x").stderr.count("Read-only") == 3
        assert container.exec("touch", "/data/x", "/tmp/x").returncode == 0
        assert container.exec("wyoming-hayakoe", "words", "add", "七海", "ナナミ").returncode == 0
        # The process that the runtime started is the server itself, with nobody between it and the stop signal.
        assert "wyoming-hayakoe" in container.exec("cat", "/proc/1/cmdline").stdout
        assert container.stop() == 0, container.log


def test_it_finishes_what_it_says_when_it_is_stopped(plain, tmp_path):
    target = tmp_path / "article.wav"
    with running(plain, tmp_path, "--grace", "60") as container:
        container.until(LISTENING)
        say = container.entered("say", "明日は晴れるでしょう。" * 100, "-o", str(target), "--uri", HERE)
        client = subprocess.Popen(say, stderr=subprocess.PIPE, text=True)
        container.until_connected()
        assert container.stop() == 0, container.log
        _, complaint = client.communicate(timeout=DEADLINE)
    assert client.returncode == 0, complaint
    assert seconds(target.read_bytes()) > 100


def test_the_health_check_tells(plain, tmp_path):
    check = settings_of(plain)["Healthcheck"]["Test"][1:]
    with running(plain, tmp_path) as container:
        container.until(LISTENING)
        assert container.exec(*check).returncode == 0
        assert container.exec(*check[:-1], HERE.replace("10200", "10299")).returncode != 0


def test_the_image_for_boards_speaks_as_this_machine_does(tmp_path):
    need("qemu-aarch64-static")
    register()
    base = base_image(f"{BASE}-{ARM64}", *PYTHON, architecture=ARM64)
    image = build("localhost/hayakoe-arm64", CHECKOUT, base=base, architecture=ARM64)
    board = BOARDS[0]
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(board.cpuinfo)
    cores = tmp_path / "cores"
    write_one_core(cores)
    files = {"/proc/cpuinfo": cpuinfo, "/sys/devices/system/cpu": cores}
    with running(image, tmp_path, environment={"QEMU_CPU": board.cpu}, files=files) as container:
        container.until(LISTENING)
        assert container.exec("uname", "--machine").stdout == "aarch64\n"
        wav = container.say("こんにちは。", tmp_path / "hello.wav")
        check = settings_of(image)["Healthcheck"]["Test"][1:]
        assert container.exec(*check).returncode == 0
        assert container.stop() == 0, container.log
    assert frames(wav) == frames(run_program("say", "こんにちは。", "-o", "-").stdout)


@pytest.mark.parametrize("writable", [True, False], ids=["with a volume", "with nowhere to write"])
def test_baked_voices_speak_at_once_and_offline(baked, tmp_path, writable):
    with running(baked, tmp_path, "--offline", "--no-zeroconf", writable_data=writable) as container:
        container.until(LISTENING)
        wav = container.say("こんにちは。", tmp_path / "hello.wav", "--voice", "rand-jp")
        assert seconds(wav) > 0.2
        assert "prepared" not in container.log, container.log
        assert "WARNING" not in container.log, container.log
        assert container.stop() == 0


def test_secrets_fetch_voices_and_stay_outside(tmp_path, private_bucket):
    tag, voices = "localhost/hayakoe-private", f"rand-jp=s3://{private_bucket.name}"
    arguments = ["--build-arg", f"VOICES={voices}"]
    wrong = private_bucket.credentials(tmp_path / "wrong", "guessed")
    with pytest.raises(AssertionError, match="s3://"):
        build(tag, CHECKOUT, *arguments, "--secret", f"id=aws_credentials,src={wrong}")
    right = private_bucket.credentials(tmp_path / "right", private_bucket.secret)
    build(tag, CHECKOUT, *arguments, "--secret", f"id=aws_credentials,src={right}")
    with files_of(tag) as root:
        assert private_bucket.secret not in str(settings_of(tag))
        found = subprocess.run(["grep", "-rlF", private_bucket.secret, str(root)], capture_output=True, check=False)
        assert found.stdout == b""
    with running(tag, tmp_path, "--offline") as container:
        container.until(LISTENING)
        assert seconds(container.say("はい。", tmp_path / "yes.wav", "--voice", "rand-jp")) > 0.1
