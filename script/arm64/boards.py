"""The emulated boards: their processors as the kernel describes them."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Board:
    """One processor."""

    name: str
    cpu: str
    """qemu's name of the processor."""

    features: str
    """The kernel's list of features."""

    part: str
    """ARM's part number."""

    @property
    def cpuinfo(self) -> str:
        """Return the text of /proc/cpuinfo with one core; qemu shows the host's, with which ONNX Runtime crashes."""
        fields = {
            "processor": "0",
            "BogoMIPS": "108.00",
            "Features": self.features,
            "CPU implementer": "0x41",
            "CPU architecture": "8",
            "CPU variant": "0x0",
            "CPU part": self.part,
            "CPU revision": "3",
        }
        return "".join(f"{name}\t: {value}\n" for name, value in fields.items()) + "\n"


def write_one_core(folder: Path) -> None:
    """Write the description of one core into ``folder``, which becomes /sys/devices/system/cpu."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("possible", "present", "online"):
        (folder / name).write_text("0\n", encoding="ascii")


BOARDS = (
    Board("Pi 4", "cortex-a72", "fp asimd evtstrm crc32 cpuid", "0xd08"),
    Board(
        "Pi 5",
        "cortex-a76",
        "fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm lrcpc dcpop asimddp",
        "0xd0b",
    ),
)
