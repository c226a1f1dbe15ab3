"""Speak a text to a file, to a player, or through a running server."""

import argparse
import asyncio
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from wyoming_hayakoe.audio import to_pcm, write_wav
from wyoming_hayakoe.cli.client import Chunk, Client
from wyoming_hayakoe.cli.options.configured import configure, open_voices
from wyoming_hayakoe.cli.options.option import add_options
from wyoming_hayakoe.cli.options.table import SPEAKING
from wyoming_hayakoe.cli.progress import SOON, lasting, progress_on
from wyoming_hayakoe.errors import HayakoeError, RequestError, UsageError
from wyoming_hayakoe.narration import Narration
from wyoming_hayakoe.server.catalogue import Requested
from wyoming_hayakoe.server.listeners import StdioAddress, parse_uri
from wyoming_hayakoe.sources.source import Transfer
from wyoming_hayakoe.speaker import Speaker
from wyoming_hayakoe.text.audible import audible
from wyoming_hayakoe.text.explain import table, to_json
from wyoming_hayakoe.text.passage_cutter import cut
from wyoming_hayakoe.voice import Waveform

_PLAYERS = ("pw-play", "paplay", "aplay", "afplay")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's flags."""
    parser.add_argument(
        "text",
        nargs="?",
        metavar="TEXT",
        help="text to speak (after -- if it begins with -); - or none: standard input",
    )
    parser.add_argument("-o", "--output", metavar="FILE.wav", help="WAV file to write; - is standard output")
    parser.add_argument("--play", action="store_true", help=f"play with the first installed of {', '.join(_PLAYERS)}")
    parser.add_argument("--uri", help="let the server at tcp://HOST:PORT or unix:///PATH speak")
    parser.add_argument("--ssml", action="store_true", help="the text is SSML: its tags have an effect")
    parser.add_argument("--explain", action="store_true", help="show how the text is read instead of speaking it")
    parser.add_argument("--json", action="store_true", help="with --explain: a JSON object for each line of text")
    add_options(parser, SPEAKING)


def run(flags: argparse.Namespace) -> int:
    """Speak the text, or explain its reading."""
    if flags.explain:
        return _explain(flags)
    play = flags.play or flags.output is None
    player = _find_player(wanted=flags.play) if play else None
    text = _read_text(flags.text)
    chunks = asyncio.run(_remote(flags, text)) if flags.uri else list(_local(flags, text))
    if not any(chunk.pcm for chunk in chunks):
        raise HayakoeError("the text holds no words that can be spoken: give another text")
    wav = write_wav(b"".join(chunk.pcm for chunk in chunks), chunks[0].rate)
    if flags.output is not None:
        _write(wav, flags.output)
    if player is not None:
        _play(wav, player)
    return 0


def _explain(flags: argparse.Namespace) -> int:
    """Print how each line of the text is read."""
    front_end = configure(flags, SPEAKING).make_tts().front_end
    text = _read_text(flags.text)
    if flags.ssml:
        lines = [passage.text.strip() for passage in cut(text, ssml=True) if passage.text]
    else:
        lines = audible(text, front_end.code).splitlines()
    for line in lines:
        utterance = front_end.read(line, trace=True)
        if flags.json:
            print(to_json(utterance), flush=True)
            continue
        print(table(utterance))
        for change in front_end.changes(line):
            print(f"{change.rule}: {change.before} → {change.after or '(silent)'}")
    return 0


def _local(flags: argparse.Namespace, text: str) -> Iterator[Chunk]:
    catalogue = open_voices(flags, SPEAKING)
    speaker = catalogue.find(Requested())

    def cast(name: str) -> Speaker | None:
        try:
            return catalogue.find(Requested(name))
        except RequestError as error:
            print(f"--ssml: {error.text}: the chosen voice goes on", file=sys.stderr)
            return None

    with lasting(f"preparing {speaker.voice.name}", sys.stderr):
        speaker.voice.prepare()
    narration = speaker.narrate()
    windows = narration.speak_ssml(text, cast) if flags.ssml else narration.speak_text(text)
    total = sum(bool(passage.text.strip()) for passage in cut(text, ssml=flags.ssml))
    for window in _reported(windows, narration, total):
        yield Chunk(to_pcm(window), speaker.sample_rate)


def _reported(windows: Iterable[Waveform], narration: Narration, total: int) -> Iterator[Waveform]:
    """Yield ``windows``, and show how many sentences are spoken, once that has taken two seconds."""
    progress = progress_on(sys.stderr)
    shows_from = time.monotonic() + SOON
    for window in windows:
        yield window
        # Code that is left out is announced in a sentence more.
        total = max(total, narration.sentences)
        if time.monotonic() >= shows_from:
            progress(Transfer("sentences", narration.sentences - 1, total, "speaking", "steps"))
    if time.monotonic() >= shows_from:
        progress(Transfer("sentences", total, total, "speaking", "steps"))


async def _remote(flags: argparse.Namespace, text: str) -> list[Chunk]:
    decided = [option.name for option in SPEAKING if option.name not in {"voice", "speaker"}]
    for name in (*decided, "config"):
        if getattr(flags, name) is not None:
            raise UsageError(f"--{name}: has no effect with --uri: set it at the server, by its --{name} or a preset")
    try:
        if isinstance(parse_uri(flags.uri), StdioAddress):
            raise ValueError
    except ValueError:
        raise UsageError(f"--uri: {flags.uri!r} is not tcp://HOST:PORT or unix:///PATH") from None
    voice = flags.voice[0] if flags.voice else None
    with lasting(f"{flags.uri} is speaking", sys.stderr):
        async with Client(flags.uri) as client:
            return [chunk async for chunk in client.speak(text, voice, flags.speaker, ssml=flags.ssml)]


def _read_text(text: str | None) -> str:
    if text is not None and text != "-":
        return text
    if text is None and sys.stdin.isatty():
        raise UsageError("say: no text: give one as an argument, or on standard input")
    try:
        return sys.stdin.buffer.read().decode("utf-8")
    except UnicodeDecodeError:
        raise HayakoeError("standard input is not UTF-8: convert it, for example with iconv") from None


def _write(wav: bytes, output: str) -> None:
    if output == "-":
        # A new buffer: with PYTHONUNBUFFERED, that of sys.stdout writes only what a pipe takes at once.
        with open(sys.stdout.fileno(), "wb", closefd=False) as pipe:
            pipe.write(wav)
        return
    try:
        Path(output).write_bytes(wav)
    except OSError as error:
        raise HayakoeError(f"{output}: cannot be written ({error.strerror}): choose another file with -o") from error


def _find_player(*, wanted: bool) -> str:
    for name in _PLAYERS:
        if path := shutil.which(name):
            return path
    if wanted:
        raise HayakoeError(f"--play: none of {', '.join(_PLAYERS)} is installed: install one, or write a file with -o")
    raise UsageError("say: no output: add -o FILE.wav, or install a player such as aplay")


def _play(wav: bytes, player: str) -> None:
    # By a file: not every player reads standard input.
    with tempfile.NamedTemporaryFile(suffix=".wav") as file:
        file.write(wav)
        file.flush()
        result = subprocess.run([player, file.name], check=False, capture_output=True, text=True)
    if result.returncode != 0:
        reason = (result.stderr.strip() or f"exit code {result.returncode}").splitlines()[-1]
        raise HayakoeError(f"{player} cannot play ({reason}): write a file with -o")
