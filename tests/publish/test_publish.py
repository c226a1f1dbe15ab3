"""Finished voices to a folder, a bucket and a Hub, through the real command line; then they speak from there."""

import json
import os
import shutil
import signal
import subprocess
import wave
from pathlib import Path
from threading import Thread

import onnx
import pytest

from tests.publish.conftest import SPEAKER, Ran
from tests.publish.shared import CHECKOUT, Limited
from tests.sources.shared import contents
from tests.support import DEADLINE, TINY_REPO, clean_environment, command
from tests.voice_kinds import as_aivmx, as_folder
from wyoming_hayakoe import TTS
from wyoming_hayakoe.publish import readme
from wyoming_hayakoe.publish.conversion import GRAPHS, _key

# huggingface_hub's own upload.
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")

VOICE = {f"onnx/speakers/anna/{path.name}" for path in SPEAKER.iterdir()}
SHARED = {"onnx/bert/q8/bert_q8.onnx", "bert/tokenizer/vocab.txt", "bert/tokenizer/tokenizer_config.json"}
ALL = VOICE | SHARED | {"README.md"}


def refused(result, code: int = 1) -> str:
    """Return the one line with which it failed; lines of progress may stand before it."""
    assert result.returncode == code, result.stdout + result.stderr
    *before, line = result.stderr.splitlines()
    assert all(each.startswith(("verifying ", "uploading ")) for each in before), result.stderr
    return line


def speaks(uri: str, data: Path) -> None:
    """Say something with the voice anna of a repository."""
    tts = TTS(cache_dir=data, compiled=False).load("anna", f"{uri}#anna").pre_download()
    assert tts.speakers["anna"].generate("はい。").duration > 0.2


def proved(result, folder: Path) -> None:
    assert result.returncode == 0, result.stderr
    assert "it speaks from there: .verify_audio/anna_cpu.wav" in result.stdout
    with wave.open(str(folder / ".verify_audio" / "anna_cpu.wav")) as sound:
        assert 0.4 < sound.getnframes() / sound.getframerate() < 8


def test_to_a_folder(publish, tmp_path):
    proved(publish("--to", "./声 の 家", "--yes"), tmp_path)
    assert set(contents(tmp_path / "声 の 家")) == ALL
    speaks(str(tmp_path / "声 の 家"), tmp_path / "data")


@pytest.mark.parametrize("s3_server", ["moto"], indirect=True)
def test_to_a_bucket(start_publish, bucket, tmp_path):
    uri = f"s3://{bucket.name}/some/prefix"
    process = start_publish("--to", uri, "--yes")
    said = process.communicate(timeout=2 * DEADLINE)
    proved(Ran(process.returncode, *said), tmp_path)
    assert bucket.keys() == {f"some/prefix/{path}" for path in ALL}
    speaks(uri, tmp_path / "data")


def test_to_a_hub_with_one_commit(publish, hub, tmp_path, monkeypatch):
    repository = hub.repository()
    repository.commit({".gitattributes": b""})
    commits = len(repository.commits)
    given = ("--to", "hf://me/voices", "--yes")
    proved(publish(*given, HF_ENDPOINT=hub.endpoint, HF_TOKEN="hf_mine"), tmp_path)
    assert len(repository.commits) == commits + 1
    assert set(repository.files()) == ALL | {".gitattributes"}
    monkeypatch.setenv("HF_ENDPOINT", hub.endpoint)
    speaks("hf://me/voices", tmp_path / "data")


def test_only_the_voice_of_that_name_is_replaced(publish_unheard, tmp_path):
    dest = shutil.copytree(TINY_REPO, tmp_path / "dest")
    shutil.copytree(SPEAKER, dest / "onnx" / "speakers" / "anna")
    (dest / "onnx" / "speakers" / "anna" / "old.onnx").write_bytes(b"old")
    before = contents(dest)
    assert "onnx/speakers/anna already: add --replace" in refused(publish_unheard("--to", str(dest), "--yes"))
    assert contents(dest) == before
    assert publish_unheard("--to", str(dest), "--yes", "--replace").returncode == 0
    del before["onnx/speakers/anna/old.onnx"]
    assert contents(dest) == before


def test_a_dry_run_shows_the_plan_and_changes_nothing(publish, tmp_path):
    result = publish("--to", "./dest", "--dry-run")
    assert result.returncode == 0, result.stderr
    assert "add      onnx/speakers/anna: synthesizer.onnx, unchanged" in result.stdout
    assert "add      onnx/bert/q8: from file:///" in result.stdout
    assert not (tmp_path / "dest").exists()


def test_the_built_in_voices_name_is_warned_of(publish):
    warning = "warning  mei is a built-in voice, which this one replaces: choose another --name"
    assert warning in publish("--to", "./dest", "--dry-run", name="mei").stdout
    assert "warning" not in publish("--to", "./dest", "--dry-run").stdout


def test_a_readme_is_replaced_only_where_that_is_asked_for(publish_unheard, tmp_path):
    dest = tmp_path / "dest"
    dest.mkdir()
    (dest / "README.md").write_text("mine\n", encoding="utf-8")
    result = publish_unheard("--to", str(dest), "--yes")
    assert "-mine" in result.stdout
    assert (dest / "README.md").read_text(encoding="utf-8") == "mine\n"
    assert "replace  README.md" in publish_unheard("--to", str(dest), "--dry-run", "--readme", "replace").stdout


def test_the_marked_list_of_a_readme_is_updated_without_asking(publish_unheard, tmp_path):
    dest = tmp_path / "dest"
    for name in ("onnx/bert/q8", "bert/tokenizer"):
        shutil.copytree(TINY_REPO / name, dest / name)
    written = readme.write([readme.Listed("anna", ("ONNX",))], "hf://me/voices", "") + "mine\n"
    (dest / "README.md").write_text(written, encoding="utf-8")
    kept = publish_unheard("--to", str(dest), "--dry-run", "--readme", "keep", name="berta").stdout
    assert "keep     README.md" in kept
    result = publish_unheard("--to", str(dest), "--yes", name="berta")
    assert "update   README.md: its list of voices" in result.stdout
    assert "-mine" not in result.stdout
    both = (dest / "README.md").read_text(encoding="utf-8")
    assert both == written.replace("| `anna` | ONNX |", "| `berta` | ONNX |")


def test_an_aivmx_and_a_style_bert_vits2_folder_get_hayakoes_names(publish, tmp_path):
    folder, file = as_folder(tmp_path / "folder"), as_aivmx(tmp_path / "voice.aivmx")
    said = []
    for name, place in (("anna", file), ("berta", folder)):
        result = publish("--to", "./dest", "--yes", folder=place, name=name)
        assert result.returncode == 0
        speaker = tmp_path / "dest" / "onnx" / "speakers" / name
        model = onnx.load(speaker / "synthesizer.onnx")
        assert {"x", "x_lengths", "tone"} <= {value.name for value in model.graph.input}
        assert not model.metadata_props
        said.append(result.stdout)
    # AivisSpeech translates the names of styles; HayaKoe speaks in Neutral where none is named.
    assert "its style ノーマル is called Neutral there" in said[0]
    assert "Neutral there" not in said[1]
    config = tmp_path / "dest" / "onnx" / "speakers" / "anna" / "config.json"
    assert list(json.loads(config.read_text())["data"]["style2id"].items()) == [("Neutral", 0), ("うれしい", 1)]
    names = {path.name for path in (tmp_path / "dest" / "onnx" / "speakers" / "anna").iterdir()}
    assert names == {"config.json", "style_vectors.npy", "synthesizer.onnx", "LICENSE.txt"}
    assert "license: other" in (tmp_path / "dest" / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["_anna", "anna.1", "anna-", "an na", "", "../anna", "声", "a" * 64])
def test_a_name_that_does_not_work_everywhere_is_refused(publish, tmp_path, name):
    assert "is no name of a voice" in refused(publish("--to", "./dest", "--yes", name=name), 2)
    assert not (tmp_path / "dest").exists()


def test_a_bad_folder_is_one_line(publish, tmp_path):
    bad = shutil.copytree(SPEAKER, tmp_path / "bad")
    (bad / "synthesizer.onnx").unlink()
    (bad / "duration_predictor.onnx").unlink()
    (bad / "G_1.pth").write_bytes(b"")
    assert "a .pth can run code" in refused(publish("--to", "./dest", "--yes", folder=bad))
    (bad / "style_vectors.npy").unlink()
    assert "has no style_vectors.npy: name the folder of a finished training" in refused(
        publish("--to", "./dest", "--yes", folder=bad)
    )
    assert "there is no such folder" in refused(publish("--to", "./dest", "--yes", folder=tmp_path / "none"))
    assert not (tmp_path / "dest").exists()


def test_weights_beside_a_graph_are_published_with_it(publish, tmp_path):
    large = shutil.copytree(SPEAKER, tmp_path / "large")
    model = onnx.load(large / "synthesizer.onnx")
    name = "synthesizer.onnx.data"
    onnx.save(model, large / "synthesizer.onnx", save_as_external_data=True, location=name)
    result = publish("--to", "./dest", "--yes", folder=large)
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "dest" / "onnx" / "speakers" / "anna" / name).read_bytes() == (large / name).read_bytes()


def test_messages_speak_to_a_trainer(publish, tmp_path):
    (tmp_path / "empty").mkdir()
    line = refused(publish("--to", "./dest", "--yes", folder=tmp_path / "empty"))
    assert "has no config.json and no style_vectors.npy: name the folder of a finished training" in line
    broken = shutil.copytree(SPEAKER, tmp_path / "broken")
    (broken / "config.json").write_text("{")
    line = refused(publish("--to", "./dest", "--yes", folder=broken))
    assert line.endswith("copy it from the training again")


@pytest.mark.parametrize(
    ("files", "named", "kind"),
    [
        (["voice.htsvoice"], "voice.htsvoice", "Open JTalk (HTS)"),
        (["mei/mei_normal.htsvoice"], "mei", "Open JTalk (HTS)"),
        (["ja.onnx", "ja.onnx.json"], "ja.onnx", "Piper"),
        (["piper/ja.onnx", "piper/ja.onnx.json"], "piper", "Piper"),
        (["k/config.json", "k/onnx/model.onnx", "k/voices/jf_alpha.bin"], "k", "Kokoro"),
    ],
)
def test_kinds_that_no_training_makes_need_no_publishing(publish, tmp_path, files, named, kind):
    for name in files:
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name).write_bytes(b"")
    line = refused(publish("--to", "./dest", "--yes", folder=tmp_path / named))
    assert f"is a voice of {kind}, a kind that needs no publishing: copy its files as they are" in line


def test_a_piper_voice_is_known_by_the_symbols_of_its_configuration(publish, tmp_path):
    folder = tmp_path / "voice"
    folder.mkdir()
    (folder / "model.onnx").write_bytes(b"")
    (folder / "config.json").write_text('{"phoneme_id_map": {}}')
    line = refused(publish("--to", "./dest", "--yes", folder=folder))
    assert "is a voice of Piper, a kind that needs no publishing" in line
    # A training that lacks a file is none.
    (folder / "config.json").write_text("{}")
    line = refused(publish("--to", "./dest", "--yes", folder=folder))
    assert "has no style_vectors.npy" in line


def test_the_folder_of_the_proofs_is_tried_before_the_upload(publish, tmp_path):
    (tmp_path / ".verify_audio").write_text("")
    assert "start from another folder" in refused(publish("--to", "./dest", "--yes"))
    assert not (tmp_path / "dest").exists()


@pytest.fixture
def training(tmp_path):
    """A training with an older graph beside its checkpoint, which was exported before."""
    folder = shutil.copytree(SPEAKER, tmp_path / "training")
    (folder / "x.safetensors").write_bytes(b"weights")
    (folder / "synthesizer.onnx").write_bytes(b"older")
    os.utime(folder / "synthesizer.onnx", (1, 1))
    exported = tmp_path / "data" / "exports" / _key(folder / "x.safetensors")
    exported.mkdir(parents=True)
    for name in GRAPHS:
        shutil.copyfile(SPEAKER / name, exported / name)
    return folder


def test_of_a_checkpoint_and_an_older_graph_the_named_one_is_published(publish_unheard, training, tmp_path):
    plan = publish_unheard("--to", "./dest", "--dry-run", folder=training).stdout
    assert "synthesizer.onnx is older than x.safetensors: --checkpoint x.safetensors exports that" in plan
    result = publish_unheard("--to", "./dest", "--yes", "--checkpoint", "x", folder=training)
    assert "onnx/speakers/anna: exported from x.safetensors, as before" in result.stdout
    assert result.returncode == 0
    graph = tmp_path / "dest" / "onnx" / "speakers" / "anna" / "synthesizer.onnx"
    assert graph.read_bytes() == (SPEAKER / "synthesizer.onnx").read_bytes()


def test_what_stays_of_the_other_backend_is_said(publish, tmp_path):
    other = tmp_path / "dest" / "pytorch" / "speakers" / "anna"
    shutil.copytree(SPEAKER, other)
    plan = publish("--to", "./dest", "--dry-run", "--replace", "--backend", "cpu").stdout
    assert "keep     pytorch/speakers/anna: as published before, perhaps another state: --backend both" in plan


def test_of_several_checkpoints_one_is_chosen(publish, tmp_path):
    training = shutil.copytree(SPEAKER, tmp_path / "training")
    for name in ("a.safetensors", "b.safetensors"):
        (training / name).write_bytes(b"")
    backend = ("--backend", "gpu")
    assert "choose one with --checkpoint: a.safetensors, b.safetensors" in refused(
        publish("--to", "./dest", "--yes", *backend, folder=training), 2
    )
    assert "has no 'c'" in refused(publish("--to", "./dest", "--yes", "--checkpoint", "c", folder=training), 2)


def test_without_a_terminal_nothing_happens_unasked(publish, tmp_path):
    assert "add --yes" in refused(publish("--to", "./dest"), 2)
    assert "no destination" in refused(publish("--yes"), 2)
    assert not (tmp_path / "dest").exists()


def test_a_graph_that_does_not_speak_fails_the_proof(publish, tmp_path):
    mute = shutil.copytree(SPEAKER, tmp_path / "mute")
    model = onnx.load(mute / "synthesizer.onnx")
    for node in model.graph.node:
        node.output[:] = ["loud" if name == "audio" else name for name in node.output]
    model.graph.initializer.append(onnx.helper.make_tensor("nothing", onnx.TensorProto.FLOAT, [1], [0.0]))
    model.graph.node.append(onnx.helper.make_node("Mul", ["loud", "nothing"], ["audio"]))
    onnx.save(model, mute / "synthesizer.onnx")
    dest = shutil.copytree(TINY_REPO, tmp_path / "dest")
    shutil.copytree(SPEAKER, dest / "onnx" / "speakers" / "anna")
    before = contents(dest)
    proof = tmp_path / ".verify_audio" / "anna_cpu.wav"
    proof.parent.mkdir()
    proof.write_bytes(b"old")
    line = refused(publish("--to", str(dest), "--yes", "--replace", folder=mute))
    assert "anna does not speak for cpu, and nothing was uploaded: its level is -180 dB" in line
    assert contents(dest) == before
    assert not proof.exists()


@pytest.mark.parametrize(("token", "reason"), [("hf_mine", "forbidden (HTTP 403)"), ("", "there is no token")])
def test_without_rights_nothing_changes(publish, hub, token, reason):
    repository = hub.repository()
    repository.commit({"README.md": b"theirs"})
    repository.token, repository.readers = "another", {"hf_mine"}
    line = refused(publish("--to", "hf://me/voices", "--yes", HF_ENDPOINT=hub.endpoint, HF_TOKEN=token))
    assert reason in line
    assert line.endswith("publish.env)")
    assert "hf_mine" not in line
    assert repository.files() == {"README.md": b"theirs"}


@pytest.mark.parametrize("s3_server", ["moto"], indirect=True)
@pytest.mark.parametrize("after", [20_000, 900_000])
def test_a_network_that_goes_half_way_leaves_what_was_in_a_bucket(publish_unheard, bucket, s3_server, after):
    old = {f"onnx/speakers/anna/{name}": b"old" for name in ("config.json", "synthesizer.onnx")}
    bucket.put(**old)
    with Limited.running(s3_server, after) as network:
        result = publish_unheard(
            *("--to", f"s3://{bucket.name}", "--yes", "--replace", "--readme", "keep"),
            AWS_ENDPOINT_URL_S3=network.address,
        )
    assert "AWS_ENDPOINT_URL_S3" in refused(result)
    assert {key for key in bucket.keys() if not key.startswith(".incoming/")} == set(old)  # noqa: SIM118
    for key in old:
        assert bucket.client.get_object(Bucket=bucket.name, Key=key)["Body"].read() == b"old"
    assert publish_unheard("--to", f"s3://{bucket.name}", "--yes", "--replace").returncode == 0
    assert bucket.keys() == ALL


def test_a_network_that_goes_half_way_leaves_what_was_on_a_hub(publish_unheard, hub, monkeypatch):
    repository = hub.repository()
    repository.commit({"README.md": b"theirs"})
    with Limited.running(hub.endpoint, 2_000) as network:
        # huggingface_hub waits for 23 s between its attempts.
        monkeypatch.setattr("time.sleep", lambda _: None)
        line = refused(
            publish_unheard("--to", "hf://me/voices", "--yes", HF_ENDPOINT=network.address, HF_TOKEN="hf_mine")
        )
    assert "check the network" in line
    assert repository.files() == {"README.md": b"theirs"}


def test_ctrl_c_ends_an_upload_to_a_hub_at_the_first_press(start_publish, hub):
    repository = hub.repository()
    repository.commit({"README.md": b"theirs"})
    hub.holds_uploads.set()
    process = start_publish("--to", "hf://me/voices", "--yes", HF_ENDPOINT=hub.endpoint, HF_TOKEN="hf_mine")
    assert hub.arriving.wait(DEADLINE)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=DEADLINE)
    assert process.returncode == 1
    assert said.splitlines()[-1] == "wyoming-hayakoe: interrupted"
    assert "Traceback" not in said
    assert repository.files() == {"README.md": b"theirs"}


@pytest.mark.parametrize("s3_server", ["moto"], indirect=True)
def test_ctrl_c_ends_an_upload_to_a_bucket_at_the_first_press(publish_unheard, bucket, s3_server):
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    with Limited.running(s3_server, 900_000, stalls=True) as network:
        pressing = Thread(target=lambda: network.stalled.wait(DEADLINE) and os.kill(os.getpid(), signal.SIGINT))
        pressing.start()
        try:
            result = publish_unheard("--to", f"s3://{bucket.name}", "--yes", AWS_ENDPOINT_URL_S3=network.address)
        finally:
            pressing.join()
            signal.signal(signal.SIGINT, before)
    assert refused(result) == "wyoming-hayakoe: interrupted"
    assert any(key.startswith(".incoming/") for key in bucket.keys())  # noqa: SIM118
    # The next command clears up, whatever becomes of it.
    line = refused(publish_unheard("--to", f"s3://{bucket.name}", "--yes", "--bert-source", "/nowhere"))
    assert "/nowhere/onnx/bert/q8: there is no such file or folder" in line
    assert bucket.keys() == set()


def test_a_full_disk_leaves_what_was(tmp_path):
    dest = tmp_path / "dest"
    (dest / "onnx" / "speakers" / "anna").mkdir(parents=True)
    given = ["publish", str(SPEAKER), "--name", "anna", "--bert-source", str(TINY_REPO), "--to", str(dest), "--yes"]
    script = (
        'mount -t tmpfs -o size=600k none "$0" || exit 77; mkdir -p "$0/onnx/speakers/anna"; '
        'echo old >"$0/onnx/speakers/anna/config.json"; "$@" --replace; find "$0" -type f'
    )
    ran = subprocess.run(
        ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script, str(dest), *command(*given)],
        cwd=tmp_path,
        env=clean_environment(PYTHONPATH=str(CHECKOUT)),
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )
    if ran.returncode == 77 or "unshare" in ran.stderr:
        pytest.skip(f"this machine lets a test mount nothing: {ran.stderr.strip()}")
    assert f"{dest}: the disk is full: make room" in ran.stderr
    assert ran.stdout.splitlines()[-1] == str(dest / "onnx" / "speakers" / "anna" / "config.json")
    assert sum(line.startswith(str(dest)) for line in ran.stdout.splitlines()) == 1


def test_a_readme_says_the_same_in_four_languages():
    text = readme.write([readme.Listed("anna", ("ONNX",))], "hf://me/voices", "cc-by-4.0")
    assert text.startswith("---\nlanguage: ja\nlicense: cc-by-4.0\n")
    assert text.count("wyoming-hayakoe --voice 'anna=hf://me/voices'") == 4
    assert text.count('TTS().load("anna", source="hf://me/voices").prepare().speakers["anna"]') == 4
    assert text.count("cc-by-4.0") == 5


def test_a_readme_without_a_licence_has_no_line_for_it():
    text = readme.write([readme.Listed("anna", ("ONNX",))], "hf://me/voices", "")
    assert "icen" not in text
    assert "?" not in text
