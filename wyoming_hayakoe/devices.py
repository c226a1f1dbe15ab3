"""What computes voices on this machine: ONNX Runtime on the CPU or a GPU, or, with the extra [publish], PyTorch."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol, TypedDict, get_args

from wyoming_hayakoe.engine.about import read_about
from wyoming_hayakoe.engine.hts.voice_files import read_hts
from wyoming_hayakoe.engine.jp_extra.bert import Bert
from wyoming_hayakoe.engine.jp_extra.voice import JPExtraVoice
from wyoming_hayakoe.engine.jp_extra.voice_files import VoiceFiles, read_voice
from wyoming_hayakoe.engine.kokoro import voice_files as kokoro
from wyoming_hayakoe.engine.prepare.bert_graph import Bits
from wyoming_hayakoe.engine.prepare.compiler import Compiler
from wyoming_hayakoe.engine.prepare.precision import Precision
from wyoming_hayakoe.engine.prepare.proofs import Proofs
from wyoming_hayakoe.engine.prepared_voice import Resources
from wyoming_hayakoe.engine.runtime.cpu import has_little_memory
from wyoming_hayakoe.engine.runtime.model_cache import ModelCache
from wyoming_hayakoe.engine.runtime.providers import has_cuda
from wyoming_hayakoe.engine.runtime.session import Device, Execution
from wyoming_hayakoe.engine.vits.synthesizer import Synthesizer
from wyoming_hayakoe.errors import HayakoeError, UsageError, check_choice
from wyoming_hayakoe.extras import install_command
from wyoming_hayakoe.utterance import Utterance
from wyoming_hayakoe.voice import Credit, Voice

WANTED = ("auto", "cpu", "cuda", "pytorch")
"""A GPU where one can be used, else the CPU; the CPU; a GPU; PyTorch, on a GPU where it has one."""

_NO_PYTORCH = f"device pytorch: PyTorch is not installed: {install_command('publish')}, or choose cpu"
_NO_GPU = (
    "device cuda: neither PyTorch nor ONNX Runtime finds an NVIDIA GPU: repair its driver, and install the extra "
    "[publish], or onnxruntime-gpu in place of onnxruntime; or choose cpu"
)


class EngineOptions(TypedDict, total=False):
    """The fields of :class:`EngineSettings` beside device and precision, as keyword arguments."""

    bert_bits: Bits
    threads: int
    low_memory: bool | None
    compiled: bool
    max_memory: int | None


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """How voices are computed.

    Raises:
        UsageError: a value is none that may be chosen.
    """

    device: str = "cpu"
    """One of :data:`WANTED`."""

    precision: Precision = "auto"
    """``auto`` computes in int8 what a voice sounds no worse with, ``int8`` also what is heard, ``fp32`` nothing."""

    bert_bits: Bits = 8
    """Bits of a weight of the BERT; 4 takes half the memory, and its effect on the features is in the BERT's report."""

    threads: int = 0
    """Threads that compute one step; 0 is one for each physical core."""

    low_memory: bool | None = None
    """Whether to take less memory and more time; None does so on machines with under 2 GiB."""

    compiled: bool = True
    """Whether a voice is prepared for this machine once, and that form kept in the data folder."""

    max_memory: int | None = None
    """Resident bytes of the process that voices should not pass."""

    def __post_init__(self) -> None:
        check_choice("precision", self.precision, get_args(Precision))
        check_choice("bert_bits", self.bert_bits, get_args(Bits))
        check_choice("low_memory", self.low_memory, (True, False, None))
        check_choice("compiled", self.compiled, (True, False))
        for name, number in (("threads", self.threads), ("max_memory", self.max_memory or 0)):
            if not isinstance(number, int) or number < 0:
                raise UsageError(f"{name}: {number!r} is not a whole number from 0")


class Network(Protocol):
    """PyTorch in place of ONNX Runtime: runs voices from their checkpoints."""

    compiles: bool
    """Whether networks that are loaded from now on are compiled first."""

    def read(self, place: Path) -> VoiceFiles:
        """Read what is small in the folder of a voice."""
        ...

    def load(self, checkpoint: Path) -> Synthesizer:
        """Return the network of a checkpoint, ready to run."""
        ...


class Engine:
    """Makes the BERT and voices of files, all with the same settings."""

    def __init__(self, settings: EngineSettings, data: Path, read: Callable[[str], Utterance]) -> None:
        """Keep prepared forms and levels in the folder ``data``; ``read`` reads the sentences of the rehearsal.

        Raises:
            UsageError: there is no such device.
            HayakoeError: the device cannot be used here.
        """
        device, self._network = choose(settings.device)
        self._data = data
        self._read = read
        low_memory = has_little_memory() if settings.low_memory is None else settings.low_memory
        self._execution = Execution(settings.threads, low_memory)
        self._voice_execution = replace(self._execution, device=device)
        compiled = data / "compiled"
        self._proofs = proofs = Proofs(compiled)
        self._compiler = Compiler(
            compiled, settings.precision, bert_bits=settings.bert_bits, enabled=settings.compiled, proofs=proofs
        )
        # What is prepared for this machine's CPU is of no use to a GPU; the BERT, in int8, stays on the CPU.
        on_cpu = device == "cpu" and self._network is None
        self._voice_compiler = self._compiler if on_cpu else Compiler(compiled, enabled=False, proofs=proofs)

        self.models = ModelCache(settings.max_memory)
        """The models that are in memory."""

        # All kinds but JP-Extra's compute on the CPU, which keeps up with them.
        self._resources = Resources(self.models, data / "levels", read, self._compiler, self._execution)

    @property
    def needs_checkpoint(self) -> bool:
        """Whether a voice is made of its checkpoint, and not of its ONNX graph."""
        return self._network is not None

    def compile_networks(self) -> bool:
        """Have PyTorch compile networks that are loaded from now on; False where they do not run on PyTorch."""
        if self._network is None:
            return False
        self._network.compiles = True
        return True

    def make_bert(self, model: Path, tokenizer: Path) -> Bert:
        """Return the BERT of a graph and a folder with its vocabulary; nothing is loaded."""
        return Bert(model, tokenizer, self._compiler, self._execution)

    def make_voice(self, name: str, place: Path, bert: Bert, *, url: str, licence: str) -> Voice:
        """Return the voice of a folder or file; its configuration is read, its network is not loaded.

        Args:
            name: what it is called here.
            place: its files.
            bert: the BERT that it shares.
            url: where it comes from, for a voice that names no page of its own.
            licence: that of its repository, for a voice that names none of its own.

        Raises:
            HayakoeError: something is missing, or is not what it should be.
        """
        files = self._network.read(place) if self._network else read_voice(place)
        about = files.about
        credit = Credit(about.author or name, about.url or url, about.licence or licence or "unknown")
        resources = replace(self._resources, compiler=self._voice_compiler, execution=self._voice_execution)
        load = self._network.load if self._network else None
        return JPExtraVoice(name, files, bert, resources, credit, load)

    def make_built_in(self, name: str) -> Voice:
        """Return a voice of the extra [kokoro]; nothing is loaded.

        Args:
            name: one of :data:`kokoro.BUILT_IN`.

        Raises:
            HayakoeError: the extra is not installed, or has other files.
        """
        voice = kokoro.BUILT_IN[name]
        return self._make_kokoro(name, kokoro.installed(voice), kokoro.credit(voice))

    def make_kokoro(self, name: str, place: Path, graph: Path, voice: str, *, url: str, licence: str) -> Voice:
        """Return a voice of Kokoro from a source; nothing but its symbols is read.

        Args:
            name: what it is called here.
            place: the folder of its files.
            graph: the graph, which it shares with other voices.
            voice: its name in Kokoro.
            url: where it comes from.
            licence: that of its repository; "" where it names none.

        Raises:
            HayakoeError: the symbols are not what they should be.
        """
        credit = kokoro.credit(voice, url=url, licence=licence)
        return self._make_kokoro(name, kokoro.from_source(place, graph, voice), credit)

    def make_hts(self, name: str, styles: Mapping[str, Path], *, url: str, licence: str) -> Voice:
        """Return an HTS voice; the headers of its files are read, and nothing is loaded.

        Args:
            name: what it is called here.
            styles: its files by style, the default first.
            url: where it comes from.
            licence: that of its repository; "" where it names none.

        Raises:
            HayakoeError: a file is not what it should be.
        """
        from wyoming_hayakoe.engine.hts.voice import HTSShared, HTSVoice

        files = read_hts(styles)
        about = read_about(next(iter(styles.values())).parent)
        credit = Credit(about.author or name, about.url or url, about.licence or licence or "unknown")
        shared = HTSShared(proofs=self._proofs, levels=self._data / "levels", read=self._read)
        return HTSVoice(name, files, shared, credit)

    def make_piper(self, name: str, graph: Path, *, url: str, licence: str) -> Voice:
        """Return a voice of Piper; its configuration is read, its network is not loaded.

        Args:
            name: what it is called here.
            graph: NAME.onnx beside NAME.onnx.json or config.json.
            url: where it comes from, for a voice that names no page of its own.
            licence: that of its repository, for a voice that names none of its own.

        Raises:
            HayakoeError: a file is missing or damaged, or the voice is not a Japanese one.
        """
        from wyoming_hayakoe.engine.piper.voice import PiperVoice
        from wyoming_hayakoe.engine.piper.voice_files import read_piper

        files = read_piper(graph)
        about = files.about
        credit = Credit(about.author or name, about.url or url, about.licence or licence or "unknown")
        return PiperVoice(name, files, self._resources, credit)

    def _make_kokoro(self, name: str, files: kokoro.KokoroFiles, credit: Credit) -> Voice:
        from wyoming_hayakoe.engine.kokoro.voice import KokoroVoice

        return KokoroVoice(name, files, self._resources, credit)


def choose(wanted: str) -> tuple[Device, Network | None]:
    """Return what ONNX Runtime computes on, and PyTorch where that takes its place for voices.

    Args:
        wanted: one of :data:`WANTED`.

    Raises:
        UsageError: there is no such device.
        HayakoeError: the device cannot be used here.
    """
    if wanted not in WANTED:
        raise UsageError(f"device {wanted!r}: choose {', '.join(WANTED[:-1])} or {WANTED[-1]}")
    if wanted == "cpu":
        return "cpu", None
    if network := _pytorch(needs_gpu=wanted != "pytorch"):
        return "cpu", network
    if wanted == "pytorch":
        raise HayakoeError(_NO_PYTORCH)
    if has_cuda():
        return "cuda", None
    if wanted == "cuda":
        raise HayakoeError(_NO_GPU)
    return "cpu", None


def _pytorch(*, needs_gpu: bool) -> Network | None:
    """Return PyTorch where it is installed."""
    if find_spec("torch") is None or find_spec("safetensors") is None:
        return None
    from wyoming_hayakoe.engine.pytorch.backend import PyTorch, has_gpu

    if needs_gpu and not has_gpu():
        return None
    return PyTorch("cuda" if has_gpu() else "cpu")
