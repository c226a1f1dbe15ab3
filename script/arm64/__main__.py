"""Proves the program on ARM64 without a board.

wheels: pip finds wheels for everything that it needs to run, for each Python of Debian and Raspberry Pi OS.
root:   a Debian for ARM64 gets the program from wheels alone; a kernel with 16 KiB pages can map each shared object.
suite:  the core of the test suite passes there, on the processor of each board.
sound:  sentences sound there as they do here, and in int8 as in fp32.
speed:  how many instructions a second of audio takes there, as a stand-in for time, of which an emulator says nothing.
stages: the same of full-size voices of JP-Extra, Piper and piper-plus, stage by stage and form by form.
kokoro: the same of a voice of Kokoro's, stage by stage.
"""

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from script.arm64 import elf, kokoro, sound, speed, stages, suite, wheels
from script.arm64.full_size import full_size_voices
from script.arm64.root import Root
from script.arm64.say import SentenceRunner, Voice
from wyoming_hayakoe.engine.kokoro.voice_files import BUILT_IN

CHECKOUT = Path(__file__).resolve().parents[2]
CACHE = Path("~/.cache/wyoming-hayakoe-arm64")
TINY = CHECKOUT / "tests" / "data" / "tiny-repo"
STEPS = ("wheels", "root", "suite", "sound", "speed", "stages", "kokoro")


def parse() -> argparse.Namespace:
    """Return what the command line asks for."""
    parser = argparse.ArgumentParser(
        prog="script/test_arm64", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "steps", nargs="*", choices=[*STEPS, "all"], default="all", metavar="STEP", help=", ".join(STEPS)
    )
    parser.add_argument(
        "--cache",
        type=Path,
        default=CACHE.expanduser(),
        help=f"folder for the root file system and all results ({CACHE})",
    )
    parser.add_argument(
        "--repository",
        type=Path,
        action="append",
        help="repository of script/make_test_repo whose voice is tested (default: tests/data/tiny-repo); repeatable",
    )
    parser.add_argument(
        "--test", action="append", metavar="PATH", help="part of the test suite (default: its core); repeatable"
    )
    parser.add_argument(
        "--large",
        type=Path,
        action="append",
        default=[],
        help="repository, or folder of script/make_piper_voices, whose stages are measured by the step stages "
        "(default: voices that are made in the cache, with the Python of script/peer); repeatable",
    )
    parser.add_argument(
        "--kokoro", metavar="VOICE", choices=list(BUILT_IN), default="kokoro-alpha", help="voice of the step kokoro"
    )
    return parser.parse_args()


def main() -> int:
    """Run the steps that the command line names."""
    flags = parse()
    asked = STEPS if "all" in flags.steps else flags.steps
    root = Root(flags.cache.resolve())
    runner = SentenceRunner(root)
    voices = [Voice("mei")]
    for repository in flags.repository or [TINY]:
        voices += [Voice("rand-jp", repository.resolve(), precision) for precision in ("fp32", "int8")]
    takes: dict[str, Callable[[], bool]] = {
        "wheels": check_wheels,
        "root": lambda: check_objects(root),
        "suite": lambda: suite.check(root, CHECKOUT, flags.test or suite.CORE),
        "sound": lambda: sound.check(runner, voices),
        "kokoro": lambda: kokoro.show(root, flags.kokoro),
        "speed": lambda: speed.show(runner, voices),
        "stages": lambda: show_stages(root, flags.large or full_size_voices(flags.cache.resolve() / "voices")),
    }
    good = True
    for step in STEPS:
        if step in asked:
            print(f"== {step}", flush=True)
            start = time.monotonic()
            if step != "wheels":
                root.ensure(CHECKOUT)
            passed = takes[step]()
            good = good and passed
            print(f"== {step}: {'good' if passed else 'FAILED'}, after {time.monotonic() - start:.0f} s", flush=True)
    return 0 if good else 1


def show_stages(root: Root, folders: Sequence[Path]) -> bool:
    """Print what the stages of the voices in ``folders`` take; return whether each is as it is here."""
    shown = [stages.show(root, stages.FullVoice.of(folder.resolve())) for folder in folders]
    return all(shown)


def check_wheels() -> bool:
    """Print the wheel of each dependency, and the dependencies without one."""
    needs = wheels.dependencies(CHECKOUT / "pyproject.toml")
    good = True
    for python in wheels.PYTHONS:
        try:
            found = wheels.resolve(needs, python)
        except wheels.NoWheelError as error:
            good = False
            print(f"Python {python}: {error}")
            for requirement in wheels.without_wheels(needs, python):
                print(f"Python {python}: {requirement} has no wheel for aarch64: replace it")
            continue
        compiled = [wheel for wheel in found if not wheel.file.endswith("-none-any.whl")]
        print(f"Python {python}: {len(found)} wheels, of which {len(compiled)} are for aarch64:")
        for wheel in compiled:
            print(f"  {wheel.file}")
    return good


def check_objects(root: Root) -> bool:
    """Print the shared objects of the installed packages that a Pi 5 cannot map."""
    bad = list(elf.offenders(root.packages))
    for path, least in bad:
        print(
            f"{path.relative_to(root.packages)}: its segments are aligned to {least:#x}: less than {elf.PI_5_PAGE:#x}"
        )
    objects = elf.shared_objects(root.packages)
    print(f"{len(objects)} shared objects, {len(bad)} of them unfit for pages of 16 KiB")
    return bool(objects) and not bad


if __name__ == "__main__":
    sys.exit(main())
