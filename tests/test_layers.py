"""Who may import whom, as DESIGN.md says."""

import ast
from pathlib import Path

import pytest

import wyoming_hayakoe

PACKAGE = Path(wyoming_hayakoe.__file__).parent
COMMON = {"errors", "utterance", "voice", "audio", "paths", "symbols", "disk", "version"}
ALLOWED = {
    "text": COMMON | {"text"},
    "engine": COMMON | {"engine"},
    "sources": COMMON | {"sources"},
    "narration": COMMON | {"text"},
    "speaker": COMMON | {"text", "engine", "sources", "lane", "narration"},
    "devices": COMMON | {"engine"},
    "voice_store": COMMON | {"text", "engine", "sources", "speaker", "devices"},
    "tts": COMMON | {"text", "engine", "sources", "speaker", "devices", "voice_store"},
    "server": COMMON | {"text", "engine", "sources", "lane", "speaker", "tts", "server"},
    "cli": COMMON | {"devices", "text", "engine", "sources", "speaker", "tts", "server", "publish", "cli"},
    "publish": COMMON | {"text", "engine", "sources", "speaker", "tts", "publish"},
    "__main__": {"cli"},
    "__init__": {"audio", "errors", "tts", "speaker", "version"},
}
PYTORCH = ("publish", "engine/pytorch")
HEAVY = {
    "onnx",
    "pyworld",
    "boto3",
    "huggingface_hub",
    "onnxruntime",
    "pyopenjtalk",
    "prometheus_client",
    "soxr",
    "zeroconf",
    "torch",
    "transformers",
    "kanalizer",
    "sudachipy",
}


def imports(path: Path, *, at_start_only: bool = False) -> set[str]:
    """Return the modules that a file imports; at start only those outside functions and type checking."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = tree.body if at_start_only else ast.walk(tree)
    found = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


FILES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_file_imports_only_what_its_layer_may(path):
    layer = path.relative_to(PACKAGE).with_suffix("").parts[0]
    ours = {name.split(".")[1] for name in imports(path) if name.startswith("wyoming_hayakoe.")}
    assert ours <= ALLOWED.get(layer, COMMON), f"{path.name} is in {layer!r}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_only_publishing_and_its_networks_know_pytorch(path):
    assert any(path.is_relative_to(PACKAGE / place) for place in PYTORCH) or "torch" not in {
        name.split(".")[0] for name in imports(path)
    }


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_what_is_heavy_is_imported_where_it_is_used(path):
    found = {name.split(".")[0] for name in imports(path, at_start_only=True)} & HEAVY
    # What publishes is itself imported where it is used.
    assert found <= ({"torch"} if any(path.is_relative_to(PACKAGE / place) for place in PYTORCH) else set())
