"""The questions of ``publish``, answered on a pseudo-terminal from the first to the proof."""

import shutil
import stat
import wave

import pytest

from tests.publish.conftest import SPEAKER
from tests.publish.shared import CHECKOUT
from tests.publish.terminal import BACK, BREAK, DOWN, Terminal, unspaced
from tests.sources.shared import contents
from tests.support import TINY_REPO, clean_environment, command

FILES = {f"onnx/speakers/anna/{path.name}" for path in SPEAKER.iterdir()} | {
    *("onnx/bert/q8/bert_q8.onnx", "bert/tokenizer/vocab.txt", "bert/tokenizer/tokenizer_config.json", "README.md")
}
LONG = "anna-" + 90 * "v"
RULE = "is no name of a voice: up to 63 of A-Z, a-z, 0-9, - and _, with a letter or digit at both ends"


@pytest.fixture
def terminal(tmp_path):
    """Starts ``publish`` on a terminal, with a training in the current folder."""
    home = tmp_path / "data" / "dataset" / "anna" / "exports" / LONG
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
    """Answer what all destinations ask first: the graph as it is, as anna, with the first licence."""
    terminal.answer("what?")
    terminal.expect("both (recommended)")
    terminal.answer("CPU:", DOWN)
    terminal.expect("which checkpoint?")
    terminal.answer("none: publish synthesizer.onnx as it is")
    terminal.answer("name of the voice", "\x15anna")
    terminal.answer("which licence, for README.md?")


def kept(tmp_path):
    path = tmp_path / "config" / "wyoming-hayakoe" / "publish.env"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    return path.read_text(encoding="utf-8")


def test_to_a_folder(terminal, tmp_path):
    (tmp_path / "taken").write_text("")
    asked = terminal("--to", str(tmp_path / "taken"))
    tell_what(asked)
    asked.expect("taken: is no folder: name another place")
    asked.answer("where to?", DOWN * 2)
    asked.answer("folder", "dest")
    asked.answer("keep this in", "y")
    asked.expect("add      onnx/speakers/anna")
    asked.answer("go ahead?")
    assert asked.end() == 0, asked.shown
    assert "it speaks from there: .verify_audio/anna_cpu.wav" in asked.shown
    with wave.open(str(tmp_path / ".verify_audio" / "anna_cpu.wav")) as sound:
        assert sound.getnframes() > 0.4 * sound.getframerate()
    assert "] 100 % of" in asked.shown, "there is a bar"
    assert set(contents(tmp_path / "dest")) == FILES
    assert "\nLicence: cc-by-4.0\n" in (tmp_path / "dest" / "README.md").read_text(encoding="utf-8")
    assert kept(tmp_path) == f"HAYAKOE_LOCAL_PATH={tmp_path / 'dest'}\n"
    # What was kept is offered the next time; a voice that is there is not replaced unasked.
    again = terminal()
    tell_what(again)
    again.answer("where to?")
    again.answer("onnx/speakers/anna already: replace?", "n")
    assert again.end() == 1
    assert "nothing was published" in again.shown


def test_every_question_has_a_way_back_and_is_read_whole(terminal, tmp_path):
    asked = terminal("--dry-run")
    asked.expect(LONG)
    asked.press(BACK)  # There is none before the first.
    asked.answer("what?")
    asked.answer("which backend?", DOWN)
    asked.expect("which checkpoint?")
    asked.press(BACK)
    asked.answer("which backend?", DOWN)
    asked.answer("which checkpoint?")
    asked.answer("name of the voice", "\x15anna.1")
    asked.expect(RULE)
    asked.answer("name of the voice", "\x15jvnv-F1-jp")
    asked.expect("which licence")
    asked.press(BACK)
    asked.answer("name of the voice", "\x15my_voice")
    asked.answer("which licence", DOWN * 4)
    asked.answer("where to?", DOWN * 2)
    asked.expect("folder (Esc: back):")
    asked.press(BACK)
    asked.answer("where to? (arrow keys", DOWN * 2)
    asked.answer("folder (Esc: back):", "dest")
    asked.expect("add onnx/speakers/my_voice")
    assert asked.end() == 0, asked.shown
    # A dry run leaves nothing: neither keys nor the folder of the proofs.
    assert {path.name for path in tmp_path.iterdir()} == {"data"}


@pytest.mark.parametrize("s3_server", ["moto"], indirect=True)
def test_to_a_bucket(terminal, bucket, s3_server, tmp_path, monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL_S3", "AWS_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    asked = terminal()
    tell_what(asked)
    asked.answer("where to?", DOWN)
    asked.answer("bucket", f"{bucket.name}/voices")
    for address in ("http://127.0.0.1:9", f"\x15{s3_server}"):
        asked.answer("address of the storage", address)
        asked.answer("region")
        asked.answer("access key id", "AKIAMINE")
        asked.answer("secret access key", "very-secret")
        if address.endswith(":9"):
            asked.expect("the storage cannot be reached")
            asked.expect("publish.env")
            asked.answer("what now?")
    asked.answer("keep this in", "y")
    asked.expect("go ahead?")
    asked.press(BACK)
    asked.answer("keep this in", "n")
    asked.answer("go ahead?", "n")
    assert asked.end() == 1
    assert bucket.keys() == set()
    assert "very-secret" not in asked.shown
    assert f"AWS_ENDPOINT_URL_S3={s3_server}\n" in kept(tmp_path)
    assert "AWS_SECRET_ACCESS_KEY=very-secret\n" in kept(tmp_path)


def test_keys_are_tried_before_they_are_kept(terminal, hub, tmp_path):
    repository = hub.repository()
    repository.commit({"README.md": b"theirs\n"})
    repository.token = "hf_mine"
    asked = terminal(HF_ENDPOINT=hub.endpoint, HF_HOME=str(tmp_path / "hf"))
    tell_what(asked)
    asked.answer("where to?")
    asked.answer("repository", "no address")
    asked.expect("write hf://OWNER/REPO")
    asked.answer("repository", "\x15me/voices")
    asked.answer("Hugging Face token", "hf_typo")
    asked.expect("the token is not valid (HTTP 401): copy it again")
    asked.expect("publish.env")
    asked.answer("what now?")
    asked.answer("Hugging Face token", "hf_mine")
    asked.answer("keep this in", "y")
    asked.expect("-theirs")
    asked.answer("replace README.md?", "n")
    asked.answer("go ahead?", "n")
    assert asked.end() == 1
    assert repository.files() == {"README.md": b"theirs\n"}
    assert "hf_typo" not in asked.shown + kept(tmp_path)
    assert "hf_mine" not in asked.shown
    assert "HF_TOKEN=hf_mine\n" in kept(tmp_path)


def test_whoever_leaves_has_published_nothing(terminal, tmp_path):
    asked = terminal()
    tell_what(asked)
    asked.expect("a folder")
    asked.press(BREAK)
    assert asked.end() == 1
    assert unspaced(asked.shown).endswith("wyoming-hayakoe:interrupted")
    assert "Traceback" not in asked.shown
    assert not (tmp_path / "dest").exists()
