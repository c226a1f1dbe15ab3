"""The rules of DESIGN.md for the package's files; each test lists every offender."""

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import wyoming_hayakoe

PACKAGE = Path(wyoming_hayakoe.__file__).parent
NAME = PACKAGE.name

COMMON = ("errors", "utterance", "voice", "audio", "paths", "symbols", "disk", "folders", "version", "extras")
"""Files that every other may import."""

BELOW_TTS = ("voice_store", "shared_bert", "speaker", "narration", "lane", "devices", "text", "engine", "sources")
KINDS_OF_VOICE = ("engine.hts", "engine.jp_extra", "engine.kokoro", "engine.piper")
PREPARE = ("engine.prepare", "engine.graphs", "engine.runtime", "engine.windows")
VITS = ("engine.vits", *PREPARE)
KINDS_WITH_VITS = ("engine.jp_extra", "engine.piper")
PROSODY = ("engine.nominal_prosody", "engine.wanted_prosody")
SHARED_BY_KINDS = ("engine.about", "engine.json_fields", "engine.loudness", "engine.npy", "engine.rests", *PROSODY)

LAYERS: Mapping[str, Iterable[str]] = {
    **dict.fromkeys(COMMON, ()),
    "text": (),
    "sources": (),
    "lane": (),
    "narration": ("text",),
    "devices": ("engine",),
    "speaker": ("text", "engine", "sources", "lane", "narration"),
    "shared_bert": ("engine", "sources"),
    "voice_store": ("shared_bert", "speaker", "narration", "lane", "devices", "text", "engine", "sources"),
    "tts": BELOW_TTS,
    # What protocols share knows no protocol; server.py assembles both.
    "server": ("tts", *BELOW_TTS),
    "server.wyoming": ("server", "tts", *BELOW_TTS),
    "server.http": ("server", "tts", *BELOW_TTS),
    "server.server": ("server", "server.wyoming", "server.http", "tts", *BELOW_TTS),
    "publish": ("tts", *BELOW_TTS),
    "cli": ("server", "server.server", "publish", "tts", *BELOW_TTS),
    "__main__": ("cli",),
    "__init__": ("tts", *BELOW_TTS),
    "engine": (),
    "engine.graphs": ("engine.runtime",),
    "engine.runtime": (),
    "engine.windows": (),
    "engine.prepare": PREPARE,
    **dict.fromkeys(SHARED_BY_KINDS, ()),
    "engine.wanted_prosody": ("engine.nominal_prosody",),
    "engine.prepared_voice": (*SHARED_BY_KINDS, *PREPARE),
    **dict.fromkeys(KINDS_OF_VOICE, ("engine.prepared_voice", *SHARED_BY_KINDS, *PREPARE)),
    "engine.vits": (*PREPARE, *PROSODY),
    **dict.fromkeys(KINDS_WITH_VITS, ("engine.prepared_voice", *SHARED_BY_KINDS, *VITS)),
    "engine.pytorch": ("engine.about", "engine.jp_extra", *VITS),
    "engine.openjtalk": ("engine.hts",),
}
"""By layer, the layers that it may import beside itself and ``COMMON``; the longest prefix of a file's name decides."""

WITH_PYTORCH = ("engine.pytorch", "publish.onnx_export")
"""Files that are imported only where PyTorch is, inside functions: they need no functions of their own for it."""

WITH_HTTP = ("server.http",)
"""Files that are imported only where an address for HTTP is given, inside functions."""

OWN_START: Mapping[str, tuple[str, ...]] = {
    "torch": WITH_PYTORCH,
    **dict.fromkeys(("starlette", "uvicorn", "h11"), WITH_HTTP),
}
"""By heavy package, the files that may import it at their start, since nothing imports them at its own."""

HEAVY = {
    "boto3",
    "botocore",
    "h11",
    "huggingface_hub",
    "kanalizer",
    "onnx",
    "onnxruntime",
    "prometheus_client",
    "pyopenjtalk",
    "pyworld",
    "questionary",
    "safetensors",
    "soxr",
    "starlette",
    "sudachipy",
    "torch",
    "transformers",
    "uvicorn",
    "zeroconf",
}

ONE_IN_EACH_FOLDER = {"__init__", "voice", "voice_files", "phonemes", "preparation", "synthesizer", "windows"} | {
    "config",
    "inputs",
    "network",
}
"""File names that may come again: ``voice.py`` is the shape, and then the voice of each kind, with the same rooms."""


@dataclass(frozen=True)
class Import:
    """One name that a file imports."""

    name: str
    line: int
    at_start: bool
    """Whether importing the file executes it: outside functions, and not for type checkers alone."""


def module_of(path: Path) -> str:
    """Return a file's name in the package, such as ``engine.openjtalk``; a package's file ends in ``__init__``."""
    return ".".join(path.relative_to(PACKAGE).with_suffix("").parts)


def imports(node: ast.AST, *, at_start: bool = True) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        match child:
            case ast.Import():
                yield from (Import(alias.name, child.lineno, at_start) for alias in child.names)
            case ast.ImportFrom():
                assert child.level == 0, "a relative import"
                yield from (Import(f"{child.module}.{alias.name}", child.lineno, at_start) for alias in child.names)
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda():
                yield from imports(child, at_start=False)
            case ast.If(test=ast.Name(id="TYPE_CHECKING")):
                yield from imports(child, at_start=False)
            case _:
                yield from imports(child, at_start=at_start)


TREES = {module_of(path): ast.parse(path.read_text(encoding="utf-8")) for path in sorted(PACKAGE.rglob("*.py"))}
IMPORTS = {module: list(imports(tree)) for module, tree in TREES.items()}


def imported_module(name: str) -> str | None:
    """Return the package's file that ``name``, or what ``name`` is taken from, is; None for other packages."""
    top, *parts = name.split(".")
    if top != NAME:
        return None
    for length in range(len(parts), -1, -1):
        for module in (".".join(parts[:length]), ".".join([*parts[:length], "__init__"])):
            if module in TREES:
                return module
    return None


def is_in(module: str, layer: str) -> bool:
    return module == layer or module.startswith(f"{layer}.")


def layer_of(module: str) -> str:
    fitting = [layer for layer in LAYERS if is_in(module, layer)]
    return max(fitting, key=len, default="")


def internal_imports() -> Iterator[tuple[str, Import, str]]:
    """Yield importing file, import, and imported file, of all files."""
    for module, found in IMPORTS.items():
        for each in found:
            if (target := imported_module(each.name)) is not None:
                yield module, each, target


def may_import(layer: str, target: str) -> bool:
    if "engine" in LAYERS[layer] and is_in(target, "engine"):
        # Above the engine, all of its layers are one.
        return True
    return layer_of(target) in {layer, *COMMON, *LAYERS[layer]}


def listed(offenders: Iterable[str]) -> str:
    return "".join(f"\n  {offender}" for offender in sorted(set(offenders)))


def test_every_file_imports_only_what_its_layer_may():
    offenders = [f"{module}: belongs to no layer" for module in TREES if not layer_of(module)]
    offenders += [
        f"{module}:{each.line}: {layer_of(module)} imports {target}"
        for module, each, target in internal_imports()
        if layer_of(module) and not may_import(layer_of(module), target)
    ]
    offenders += [
        f"{module}:{each.line}: knows PyTorch"
        for module, found in IMPORTS.items()
        for each in found
        if each.name.split(".")[0] == "torch" and not any(is_in(module, place) for place in WITH_PYTORCH)
    ]
    assert not offenders, listed(offenders)


def reachable(start: str, edges: Mapping[str, set[str]]) -> set[str]:
    found: set[str] = set()
    ahead = [start]
    while ahead:
        for target in edges[ahead.pop()] - found:
            found.add(target)
            ahead.append(target)
    return found


def test_no_file_imports_itself_by_way_of_others():
    """Deferred imports and those for type checkers count.

    That Python runs the ``__init__`` of a package before any file inside does not: a package may offer what its own
    files hold. An import of a name that the ``__init__`` has does count.
    """
    edges: dict[str, set[str]] = defaultdict(set)
    for module, _, target in internal_imports():
        edges[module].add(target)
    beyond = {module: reachable(module, edges) for module in TREES}
    circles = {
        tuple(sorted(other for other in beyond[module] if module in beyond[other]))
        for module in TREES
        if module in beyond[module]
    }
    described = (
        f"{', '.join(circle)}: "
        + "; ".join(f"{module} → {', '.join(sorted(edges[module] & set(circle)))}" for module in circle)
        for circle in circles
    )
    assert not circles, listed(described)


def test_what_is_heavy_is_imported_where_it_is_used():
    offenders = []
    for module, found in IMPORTS.items():
        for each in (one for one in found if one.at_start):
            target = imported_module(each.name) or ""
            package = each.name.split(".")[0]
            if package in HEAVY and not any(is_in(module, place) for place in OWN_START.get(package, ())):
                offenders.append(f"{module}:{each.line}: imports {package} at its start")
            for places in (WITH_PYTORCH, WITH_HTTP):
                inside = any(is_in(module, place) for place in places)
                if not inside and any(is_in(target, place) for place in places):
                    offenders.append(f"{module}:{each.line}: imports {target} at its start, and what is heavy with it")
    assert not offenders, listed(offenders)


def test_a_name_stands_for_one_file_and_for_one_class():
    files, classes = defaultdict(list), defaultdict(list)
    for module, tree in TREES.items():
        files[module.rpartition(".")[2]].append(module)
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                classes[node.name].append(module)
    offenders = [
        f"{name}.py: {', '.join(places)}"
        for name, places in files.items()
        if len(places) > 1 and name not in ONE_IN_EACH_FOLDER
    ]
    offenders += [f"class {name}: {', '.join(places)}" for name, places in classes.items() if len(places) > 1]
    assert not offenders, listed(offenders)
