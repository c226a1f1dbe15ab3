"""Instructions for a second of audio on each board."""

from collections.abc import Sequence

from script.arm64.boards import BOARDS
from script.arm64.markdown import table
from script.arm64.say import SentenceRunner, Voice


def show(runner: SentenceRunner, voices: Sequence[Voice]) -> bool:
    """Print the millions of instructions for a second of audio of whole voices; return True."""
    rows = [["M instructions for a second of audio", *(f"{board.name} ({board.cpu})" for board in BOARDS)]]
    for voice in voices:
        cells = []
        for board in BOARDS:
            said = runner.say(voice, board)
            cells.append(f"{(said.instructions or 0) / said.facts['seconds'] / 1e6:,.0f}")
        rows.append([voice.label, *cells])
    print(table(rows))
    return True
