"""Finished voices to a folder, a bucket and a Hub, through the real command line; then they speak from there."""

import shutil
import subprocess
import wave
from io import BytesIO
from pathlib import Path

import onnx
import pytest

from tests.publish.conftest import SPEAKER
from tests.publish.shared import CHECKOUT, Limited
from tests.sources.shared import contents
from tests.support import DEADLINE, TINY_REPO, clean_environment, command, run_program
from tests.voice_kinds import as_aivmx, as_folder
from wyoming_hayakoe.publish import readme

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


def speaks(uri: str, data: Path, **environment: str) -> None:
    """Have the program say something with the voice anna of a repository."""
    result = run_program(
        *("say", "はい。", "-o", "-", "--voice", f"anna={uri}#anna", "--no-compile"),
        HAYAKOE_DATA_DIR=str(data),
        **environment,
    )
    assert result.returncode == 0, result.stderr
    with wave.open(BytesIO(result.stdout)) as sound:
        assert sound.getnframes() > 0.2 * sound.getframerate()


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
def test_to_a_bucket(publish_in_a_process, bucket, tmp_path):
    uri = f"s3://{bucket.name}/some/prefix"
    proved(publish_in_a_process("--to", uri, "--yes"), tmp_path)
    assert bucket.keys() == {f"some/prefix/{path}" for path in ALL}
    speaks(uri, tmp_path / "data")


def test_to_a_hub_with_one_commit(publish, hub, tmp_path):
    repository = hub.repository()
    repository.commit({".gitattributes": b""})
    commits = len(repository.commits)
    given = ("--to", "hf://me/voices", "--yes")
    proved(publish(*given, HF_ENDPOINT=hub.endpoint, HF_TOKEN="hf_mine"), tmp_path)
    assert len(repository.commits) == commits + 1
    assert set(repository.files()) == ALL | {".gitattributes"}
    speaks("hf://me/voices", tmp_path / "data", HF_ENDPOINT=hub.endpoint)


def test_only_the_voice_of_that_name_is_replaced(publish, tmp_path):
    dest = shutil.copytree(TINY_REPO, tmp_path / "dest")
    shutil.copytree(SPEAKER, dest / "onnx" / "speakers" / "anna")
    (dest / "onnx" / "speakers" / "anna" / "old.onnx").write_bytes(b"old")
    before = contents(dest)
    assert "onnx/speakers/anna already: add --replace" in refused(publish("--to", str(dest), "--yes"))
    assert contents(dest) == before
    assert publish("--to", str(dest), "--yes", "--replace").returncode == 0
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


def test_a_readme_is_replaced_only_where_that_is_asked_for(publish, tmp_path):
    dest = tmp_path / "dest"
    dest.mkdir()
    (dest / "README.md").write_text("mine\n", encoding="utf-8")
    result = publish("--to", str(dest), "--yes")
    assert "-mine" in result.stdout
    assert (dest / "README.md").read_text(encoding="utf-8") == "mine\n"
    assert publish("--to", str(dest), "--yes", "--replace", "--readme", "replace").returncode == 0
    written = (dest / "README.md").read_text(encoding="utf-8")
    assert "| `anna` | ONNX |" in written
    (dest / "README.md").write_text(written + "mine\n", encoding="utf-8")
    assert publish("--to", str(dest), "--yes", "--readme", "replace", name="berta").returncode == 0
    both = (dest / "README.md").read_text(encoding="utf-8")
    assert both == written.replace("| `anna` | ONNX |", "| `anna` | ONNX |\n| `berta` | ONNX |") + "mine\n"


def test_an_aivmx_and_a_style_bert_vits2_folder_get_hayakoes_names(publish, tmp_path):
    folder, file = as_folder(tmp_path / "folder"), as_aivmx(tmp_path / "voice.aivmx")
    for name, place in (("anna", file), ("berta", folder)):
        assert publish("--to", "./dest", "--yes", folder=place, name=name).returncode == 0
        speaker = tmp_path / "dest" / "onnx" / "speakers" / name
        model = onnx.load(speaker / "synthesizer.onnx")
        assert {"x", "x_lengths", "tone"} <= {value.name for value in model.graph.input}
        assert not model.metadata_props
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


def test_without_rights_nothing_changes(publish, hub, tmp_path):
    repository = hub.repository()
    repository.commit({"README.md": b"theirs"})
    repository.token, repository.readers = "another", {"hf_mine"}
    line = refused(publish("--to", "hf://me/voices", "--yes", HF_ENDPOINT=hub.endpoint, HF_TOKEN="hf_mine"))
    assert "forbidden (HTTP 403)" in line
    assert line.endswith("publish.env)")
    assert "hf_mine" not in line
    assert repository.files() == {"README.md": b"theirs"}


@pytest.mark.parametrize("s3_server", ["moto"], indirect=True)
@pytest.mark.parametrize("after", [20_000, 900_000])
def test_a_network_that_goes_half_way_leaves_what_was_in_a_bucket(publish, bucket, s3_server, after):
    old = {f"onnx/speakers/anna/{name}": b"old" for name in ("config.json", "synthesizer.onnx")}
    bucket.put(**old)
    with Limited.running(s3_server, after) as network:
        result = publish(
            *("--to", f"s3://{bucket.name}", "--yes", "--replace", "--readme", "keep"),
            AWS_ENDPOINT_URL_S3=network.address,
        )
    assert "AWS_ENDPOINT_URL_S3" in refused(result)
    assert {key for key in bucket.keys() if not key.startswith(".incoming/")} == set(old)  # noqa: SIM118
    for key in old:
        assert bucket.client.get_object(Bucket=bucket.name, Key=key)["Body"].read() == b"old"
    assert publish("--to", f"s3://{bucket.name}", "--yes", "--replace").returncode == 0
    assert bucket.keys() == ALL


def test_a_network_that_goes_half_way_leaves_what_was_on_a_hub(publish, hub, monkeypatch):
    repository = hub.repository()
    repository.commit({"README.md": b"theirs"})
    with Limited.running(hub.endpoint, 2_000) as network:
        # huggingface_hub waits for 23 s between its attempts.
        monkeypatch.setattr("time.sleep", lambda _: None)
        line = refused(publish("--to", "hf://me/voices", "--yes", HF_ENDPOINT=network.address, HF_TOKEN="hf_mine"))
    assert "check the network" in line
    assert repository.files() == {"README.md": b"theirs"}


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
    assert text.count("cc-by-4.0") == 5
