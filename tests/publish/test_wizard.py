"""The questions of ``publish``, answered on a pseudo-terminal from the first to the proof."""

import shutil
import stat
import wave

import pytest

from tests.publish.shared import CHECKOUT
from tests.publish.terminal import BREAK, DOWN, Terminal
from tests.sources.shared import contents
from tests.support import TINY_REPO, clean_environment, command

SPEAKER = TINY_REPO / "onnx" / "speakers" / "rand-jp"
FILES = {f"onnx/speakers/anna/{path.name}" for path in SPEAKER.iterdir()} | {
    *("onnx/bert/q8/bert_q8.onnx", "bert/tokenizer/vocab.txt", "bert/tokenizer/tokenizer_config.json", "README.md")
}


@pytest.fixture
def terminal(tmp_path):
    """Starts ``publish`` on a terminal, with a training in the current folder."""
    home = tmp_path / "data" / "dataset" / "anna" / "exports" / "anna-v2"
    shutil.copytree(SPEAKER, home)
    (home / "anna.safetensors").write_bytes(b"weights")
    started = []

    def start(*arguments, **environment):
        given = command("publish", "--bert-source", str(TINY_REPO), *arguments)
        kept = clean_environment(PYTHONPATH=str(CHECKOUT), XDG_CONFIG_HOME=str(tmp_path / "config"), **environment)
        started.append(Terminal(given, tmp_path, kept))
        return started[-1]

    yield start
    for one in started:
        one.kill()


def tell_what(terminal):
    """Answer what all destinations ask first."""
    terminal.answer("what?")
    terminal.answer("which backend?")
    terminal.expect("name of the voice:")
    terminal.answer("anna-v2", "\x15Anna")
    terminal.answer("is no name of a voice", "\x15anna")


def proved(terminal, tmp_path):
    assert terminal.end() == 0, terminal.shown
    assert "it speaks from there: .verify_audio/anna_cpu.wav" in terminal.shown
    with wave.open(str(tmp_path / ".verify_audio" / "anna_cpu.wav")) as sound:
        assert sound.getnframes() > 0.4 * sound.getframerate()


def kept(tmp_path):
    path = tmp_path / "config" / "wyoming-hayakoe" / "publish.env"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    return path.read_text(encoding="utf-8")


def test_to_a_folder(terminal, tmp_path):
    asked = terminal()
    tell_what(asked)
    asked.answer("where to?", DOWN * 2)
    asked.answer("folder:", "dest")
    asked.answer("keep this in", "y")
    asked.expect("add      onnx/speakers/anna")
    asked.answer("go ahead?")
    proved(asked, tmp_path)
    assert set(contents(tmp_path / "dest")) == FILES
    assert kept(tmp_path) == f"HAYAKOE_LOCAL_PATH={tmp_path / 'dest'}\n"
    # What was kept is offered the next time; a voice that is there is not replaced unasked.
    again = terminal()
    tell_what(again)
    again.answer("where to?")
    again.answer("onnx/speakers/anna already: replace?", "n")
    assert again.end() == 1
    assert "nothing was published" in again.shown


@pytest.mark.parametrize("s3_server", ["moto"], indirect=True)
def test_to_a_bucket(terminal, bucket, s3_server, tmp_path, monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL_S3", "AWS_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    asked = terminal()
    tell_what(asked)
    asked.answer("where to?", DOWN)
    asked.answer("bucket", f"{bucket.name}/voices")
    asked.answer("address of the storage", s3_server)
    asked.answer("region")
    asked.answer("access key id", "AKIAMINE")
    asked.answer("secret access key", "very-secret")
    asked.answer("keep this in", "y")
    asked.answer("go ahead?")
    proved(asked, tmp_path)
    assert bucket.keys() == {f"voices/{path}" for path in FILES}
    assert "very-secret" not in asked.shown
    assert "AWS_SECRET_ACCESS_KEY=very-secret\n" in kept(tmp_path)


def test_to_a_hub(terminal, hub, tmp_path):
    repository = hub.repository()
    repository.commit({"README.md": b"theirs\n"})
    repository.token = "hf_mine"
    asked = terminal(HF_ENDPOINT=hub.endpoint, HF_HOME=str(tmp_path / "hf"))
    tell_what(asked)
    asked.answer("where to?")
    asked.answer("repository", "no address")
    asked.answer("write", "\x15me/voices")
    asked.answer("Hugging Face token", "hf_mine")
    asked.answer("keep this in", "y")
    asked.expect("-theirs")
    asked.answer("replace README.md?", "n")
    asked.answer("go ahead?")
    proved(asked, tmp_path)
    assert set(repository.files()) == FILES
    assert repository.files()["README.md"] == b"theirs\n"
    assert "hf_mine" not in asked.shown
    assert "HF_TOKEN=hf_mine\n" in kept(tmp_path)


def test_whoever_leaves_has_published_nothing(terminal, tmp_path):
    asked = terminal()
    tell_what(asked)
    asked.expect("a folder")
    asked.press(BREAK)
    assert asked.end() == 1
    assert asked.shown.rstrip().endswith("wyoming-hayakoe: interrupted")
    assert "Traceback" not in asked.shown
    assert not (tmp_path / "dest").exists()
