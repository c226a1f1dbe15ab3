"""Which voices a list of paths makes up."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.kokoro_folders import as_kokoro_onnx, as_onnx_community
from tests.sources.shared import contents
from wyoming_hayakoe.sources.inventory import Found, fetch, fetch_checkpoint, find, voices_in
from wyoming_hayakoe.sources.source import AbsentError, UncachedError

VOICE = ("config.json", "style_vectors.npy", "synthesizer.onnx")
PARTS = st.sampled_from(["onnx", "speakers", "anna", "声", "config.json", "style_vectors.npy", "a.onnx", "b.aivmx"])
KOKORO_PARTS = st.sampled_from(["onnx", "voices", "jf_alpha.bin", "model.onnx", "voices-v1.0.bin", "kokoro-v1.0.onnx"])
PATHS = st.lists(st.lists(PARTS | KOKORO_PARTS, min_size=1, max_size=4).map("/".join), unique=True)


class Listed:
    """A source that holds just these files."""

    uri = "hf://me/voices"

    def __init__(self, *paths):
        self.paths = list(paths)

    def list(self, prefix=""):
        return self.paths


def below(folder, *names):
    return [f"{folder}/{name}" for name in names or VOICE]


def test_a_repository_holds_its_speakers():
    paths = [*below("onnx/speakers/anna"), *below("onnx/speakers/七海"), "onnx/bert/q8/bert_q8.onnx", "README.md"]
    paths += below("pytorch/speakers/anna", "config.json", "style_vectors.npy", "model.safetensors")
    assert voices_in(paths) == [
        Found("anna", "onnx/speakers/anna", "repository"),
        Found("七海", "onnx/speakers/七海", "repository"),
    ]
    assert find(Listed(*paths), "七海").prefix == "onnx/speakers/七海"


def test_a_source_that_is_one_voice_may_be_called_anything():
    assert find(Listed(*VOICE, "model.safetensors"), "kitchen") == Found("", "", "folder")
    assert find(Listed("anna.aivmx"), "kitchen") == Found("anna", "anna.aivmx", "aivmx")
    assert find(Listed(*below("model_assets/anna")), "kitchen") == Found("anna", "model_assets/anna", "folder")


def test_of_several_the_named_one_is_found():
    source = Listed(*below("anna"), "bob.aivmx", "deep/down/carl.aivmx")
    places = {"anna": "anna", "bob": "bob.aivmx", "carl": "deep/down/carl.aivmx"}
    assert {name: find(source, name).prefix for name in places} == places


@pytest.mark.parametrize(
    ("paths", "words"),
    [
        (below("onnx/speakers/anna"), "hf://me/voices: no voice 'kitchen': there is anna"),
        (["a.aivmx", "b.aivmx"], "hf://me/voices: no voice 'kitchen': there is a, b"),
        (["config.json", "model.safetensors"], "for PyTorch only: wyoming-hayakoe export"),
        (["voice.aivm"], "for PyTorch only"),
        (["README.md"], "has no voice: it takes onnx/speakers/NAME"),
        ([], "has no voice"),
    ],
)
def test_what_is_not_there_is_told(paths, words):
    with pytest.raises(AbsentError) as error:
        find(Listed(*paths), "kitchen")
    assert words in str(error.value)


@given(PATHS)
def test_every_voice_has_its_files_and_is_found_by_its_name(paths):
    for voice in voices_in(paths):
        if voice.kind == "aivmx":
            assert voice.prefix in paths
        elif voice.kind == "kokoro":
            assert voice.graph in paths
        else:
            assert "/".join(filter(None, (voice.prefix, "config.json"))) in paths
        if voice.name:
            assert find(Listed(*paths), voice.name).name == voice.name


CHECKPOINTS = {
    "me/one": {"config.json": b"{}", "style_vectors.npy": b"", "a.safetensors": b"weights"},
    "me/many": {f"pytorch/speakers/anna/{name}": b"" for name in ("config.json", "a.safetensors")},
}


@pytest.mark.parametrize("repository", CHECKPOINTS)
def test_a_checkpoint_is_fetched_and_serves_without_its_source(hub, opened, repository):
    hub.repository(repository).commit(CHECKPOINTS[repository])
    place = fetch_checkpoint(opened(repository).snapshot(), "anna", None).place
    assert (place / "a.safetensors").exists()
    assert hub.count()["api"] == 1
    assert fetch_checkpoint(opened(repository, offline=True), "anna", None).place == place
    hub.down += [503] * 100
    assert fetch_checkpoint(opened(repository).snapshot(), "anna", None).place == place
    assert hub.count() == {"api": 1}


def test_a_checkpoint_that_is_not_there_is_told(hub, opened):
    hub.repository("me/many").commit(CHECKPOINTS["me/many"])
    with pytest.raises(AbsentError, match="hf://me/many: has no files for PyTorch of 'bob': publish it for GPU"):
        fetch_checkpoint(opened("me/many").snapshot(), "bob", None)
    with pytest.raises(UncachedError, match="not here: hf://me/others: pytorch/speakers/bob"):
        fetch_checkpoint(opened("me/others", offline=True), "bob", None)


KOKORO = ("onnx/model.onnx", "onnx/model_fp16.onnx", "onnx/model_quantized.onnx", "tokenizer.json", "README.md")
TABLES = ("voices/af_heart.bin", "voices/jf_alpha.bin", "voices/jm_kumo.bin")
IN_ARCHIVE = ["jf_alpha", "jf_gongitsune", "jf_nezumi", "jf_tebukuro", "jm_kumo"]


def test_kokoro_voices_of_onnx_community_are_those_of_japanese():
    assert voices_in([*KOKORO, *TABLES]) == [
        Found("jf_alpha", "", "kokoro", "onnx/model_quantized.onnx"),
        Found("jm_kumo", "", "kokoro", "onnx/model_quantized.onnx"),
    ]
    assert find(Listed(*KOKORO, *TABLES), "jm_kumo").name == "jm_kumo"


def test_kokoro_voices_of_kokoro_onnx_are_those_that_were_published():
    found = voices_in(below("a/b", "kokoro-v1.0.int8.onnx", "kokoro-v1.0.onnx", "voices-v1.0.bin"))
    assert [voice.name for voice in found] == IN_ARCHIVE
    assert {(voice.prefix, voice.graph) for voice in found} == {("a/b", "a/b/kokoro-v1.0.int8.onnx")}


@pytest.mark.parametrize("graph", ["onnx/model.onnx", "kokoro-v1.0.onnx"])
def test_a_graph_in_single_precision_is_taken_where_there_is_no_other(graph):
    paths = [graph, "onnx/model_q4.onnx", "kokoro-v1.0.fp16.onnx", "voices/jf_alpha.bin"]
    assert find(Listed(*paths), "kitchen").graph == graph


@pytest.mark.parametrize(
    ("paths", "words"),
    [
        ([*KOKORO, *TABLES], "no voice 'af_heart': there is jf_alpha, jm_kumo"),
        (
            ["onnx/model_fp16.onnx", *TABLES],
            "no graph of theirs in int8 or fp32: add one of kokoro-v1.0.int8.onnx, onnx/",
        ),
        (["kokoro-v1.0.fp16-gpu.onnx", "voices-v1.0.bin"], "no graph of theirs in int8 or fp32"),
        (["onnx/model.onnx", "voices/af_heart.bin"], "has no voice: it takes"),
        (["deep/onnx/model.onnx", "voices/jf_alpha.bin"], "has no voice: it takes"),
        (["kokoro-v1.0.onnx"], "has no voice: it takes"),
        (["kokoro-v1.1-zh.onnx", "voices-v1.1-zh.bin"], "has no voice: it takes"),
    ],
)
def test_what_kokoro_lacks_is_told(paths, words):
    with pytest.raises(AbsentError) as error:
        find(Listed(*paths), "af_heart")
    assert words in str(error.value)


def test_many_folders_of_kokoro_are_looked_through_once():
    paths = [f"{number}/{name}" for number in range(5_000) for name in ("onnx/model.onnx", "voices/jf_alpha.bin")]
    started = time.process_time()
    assert len(voices_in(paths)) == 5_000
    assert time.process_time() - started < 2


def test_the_graph_is_fetched_once_for_all_voices_of_a_source(hub, opened, tmp_path):
    files = contents(as_onnx_community(tmp_path / "kokoro"))
    hub.repository("me/kokoro").commit(files)
    source = opened("me/kokoro").snapshot()
    alpha, kumo = (fetch(source, name, None) for name in ("jf_alpha", "jm_kumo"))
    assert alpha.graph == kumo.graph
    assert alpha.graph.read_bytes() == files["onnx/model_quantized.onnx"]
    assert sorted(contents(alpha.place)) == [
        "config.json",
        "tokenizer.json",
        "tokenizer_config.json",
        "voices/jf_alpha.bin",
    ]
    assert sum("onnx" in request.path for request in hub.bytes_requests()) == 1
    hub.down += [503] * 100
    assert fetch(opened("me/kokoro").snapshot(), "jm_kumo", None) == kumo
    assert fetch(opened("me/kokoro", offline=True), "jf_alpha", None) == alpha


def test_a_kokoro_voice_that_is_not_here_is_told_offline(opened):
    with pytest.raises(UncachedError, match="not here: hf://me/kokoro"):
        fetch(opened("me/kokoro", offline=True), "jf_alpha", None)


def test_kokoro_has_no_checkpoint_and_is_fetched_for_pytorch_as_well(hub, opened, tmp_path):
    hub.repository("me/kokoro").commit(contents(as_kokoro_onnx(tmp_path / "kokoro")))
    found = fetch_checkpoint(opened("me/kokoro").snapshot(), "jm_kumo", None)
    assert found.name == "jm_kumo"
    assert found.graph.name == "kokoro-v1.0.int8.onnx"
    assert (found.place / "voices-v1.0.bin").exists()
