"""Questions to the user on a terminal; Esc leads back to the question before."""

import shutil
import textwrap
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from wyoming_hayakoe.errors import HayakoeError
from wyoming_hayakoe.extras import install_command

if TYPE_CHECKING:
    from questionary import Question

T = TypeVar("T")

_HINT = "(Esc: back)"


class BackError(Exception):
    """The user wants the question before this one."""


def ask(question: str, check: Callable[[str], T], default: str = "") -> T:
    """Return the result of ``check`` for the first answer without an error; errors are shown above the next question.

    Raises:
        BackError: the user goes back.
        HayakoeError: the terminal has gone.
    """
    while True:
        answer = str(_answer(_library().text(f"{question} {_HINT}:", default=default))).strip()
        try:
            return check(answer)
        except HayakoeError as error:
            show(str(error))
            default = answer


def choose(question: str, options: Sequence[str], default: int = 0) -> int:
    """Return the index of the chosen option; ``default`` is pointed at first.

    Raises:
        BackError: the user goes back.
        HayakoeError: the terminal has gone.
    """
    library = _library()
    choices = [library.Choice(option, value=number) for number, option in enumerate(options)]
    hint = "(arrow keys; Esc: back)"
    return int(_answer(library.select(f"{question}?", choices=choices, default=choices[default], instruction=hint)))


def confirm(question: str, *, default: bool = False) -> bool:
    """Return whether the answer is yes.

    Raises:
        BackError: the user goes back.
        HayakoeError: the terminal has gone.
    """
    hint = f"({'Y/n' if default else 'y/N'}; Esc: back)"
    asked = _library().confirm(f"{question}?", default=default, auto_enter=False, instruction=f"{hint} ")
    return bool(_answer(asked))


def secret(question: str) -> str:
    """Return an answer that is typed without being shown.

    Raises:
        BackError: the user goes back.
        HayakoeError: the terminal has gone.
    """
    return str(_answer(_library().password(f"{question} (not shown; Esc: back):"))).strip()


def in_turn(questions: Mapping[str, Callable[[], str]]) -> dict[str, str]:
    """Return the answers to questions, between which the user may go back and forth.

    Raises:
        BackError: the user goes back from the first.
        HayakoeError: the terminal has gone.
    """
    names, found = list(questions), dict[str, str]()
    while len(found) < len(names):
        try:
            found[names[len(found)]] = questions[names[len(found)]]()
        except BackError:
            if not found:
                raise
            found.popitem()
    return found


def given(what: str) -> Callable[[str], str]:
    """Return a check that refuses an empty answer; ``what`` names the missing value."""

    def check(answer: str) -> str:
        if not answer:
            raise HayakoeError(f"write {what}")
        return answer

    return check


def show(text: str) -> None:
    """Print a text, wrapped between its words."""
    columns = max(shutil.get_terminal_size().columns - 1, 20)
    print(textwrap.fill(text, columns, subsequent_indent="  ", break_on_hyphens=False), flush=True)


def _library() -> Any:
    try:
        import questionary
    except ModuleNotFoundError:
        raise HayakoeError(
            f"questions need questionary, which is not installed: {install_command('publish')}, or give flags and --yes"
        ) from None
    return questionary


def _answer(question: "Question") -> Any:
    from prompt_toolkit.filters import to_filter
    from prompt_toolkit.key_binding import KeyBindings, merge_key_bindings

    back = KeyBindings()
    back.add("escape")(lambda event: event.app.exit(exception=BackError()))
    application = question.application
    application.key_bindings = merge_key_bindings([*filter(None, [application.key_bindings]), back])
    for window in application.layout.find_all_windows():
        window.wrap_lines = to_filter(True)
    try:
        return question.unsafe_ask()
    except EOFError:
        raise HayakoeError(
            "the questions were not answered: nothing was published; give flags and --yes instead"
        ) from None
