"""Which voices a list of paths makes up."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wyoming_hayakoe.sources.inventory import Found, fetch_checkpoint, find, voices_in
from wyoming_hayakoe.sources.source import AbsentError, UncachedError

VOICE = ("config.json", "style_vectors.npy", "synthesizer.onnx")
PARTS = st.sampled_from(["onnx", "speakers", "anna", "声", "config.json", "style_vectors.npy", "a.onnx", "b.aivmx"])
PATHS = st.lists(st.lists(PARTS, min_size=1, max_size=4).map("/".join), unique=True)


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
        (["config.json", "model.safetensors"], "for PyTorch only: `wyoming-hayakoe export`"),
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
    place = fetch_checkpoint(opened(repository).snapshot(), "anna", None)
    assert (place / "a.safetensors").exists()
    assert hub.count()["api"] == 1
    assert fetch_checkpoint(opened(repository, offline=True), "anna", None) == place
    hub.down += [503] * 100
    assert fetch_checkpoint(opened(repository).snapshot(), "anna", None) == place
    assert hub.count() == {"api": 1}


def test_a_checkpoint_that_is_not_there_is_told(hub, opened):
    hub.repository("me/many").commit(CHECKPOINTS["me/many"])
    with pytest.raises(AbsentError, match="hf://me/many: has no files for PyTorch of 'bob': publish it for GPU"):
        fetch_checkpoint(opened("me/many").snapshot(), "bob", None)
    with pytest.raises(UncachedError, match="not here: hf://me/others: pytorch/speakers/bob"):
        fetch_checkpoint(opened("me/others", offline=True), "bob", None)
