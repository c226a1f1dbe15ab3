"""Questions to the user on a terminal."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from wyoming_hayakoe.errors import HayakoeError

if TYPE_CHECKING:
    from questionary import Question

T = TypeVar("T")


def ask(question: str, check: Callable[[str], T], default: str = "") -> T:
    """Return the result of ``check`` for the first answer without an error; errors are shown beside the question.

    Raises:
        HayakoeError: the terminal has gone.
    """

    def judge(answer: str) -> bool | str:
        try:
            check(answer.strip())
        except HayakoeError as error:
            return str(error)
        return True

    asked = _library().text(f"{question}:", default=default, validate=judge, validate_while_typing=False)
    return check(_answer(asked).strip())


def choose(question: str, options: Sequence[str]) -> int:
    """Return the index of the chosen option.

    Raises:
        HayakoeError: the terminal has gone.
    """
    library = _library()
    choices = [library.Choice(option, value=number) for number, option in enumerate(options)]
    return int(_answer(library.select(f"{question}?", choices=choices)))


def confirm(question: str, *, default: bool = False) -> bool:
    """Return whether the answer is yes.

    Raises:
        HayakoeError: the terminal has gone.
    """
    return bool(_answer(_library().confirm(f"{question}?", default=default, auto_enter=False)))


def secret(question: str) -> str:
    """Return an answer that is typed without being shown.

    Raises:
        HayakoeError: the terminal has gone.
    """
    return str(_answer(_library().password(f"{question} (not shown):"))).strip()


def given(what: str) -> Callable[[str], str]:
    """Return a check that refuses an empty answer; ``what`` names the missing value."""

    def check(answer: str) -> str:
        if not answer:
            raise HayakoeError(f"write {what}")
        return answer

    return check


def _library() -> Any:
    try:
        import questionary
    except ModuleNotFoundError:
        raise HayakoeError(
            "questions need questionary, which is not installed: pip install 'wyoming-hayakoe[publish]', "
            "or give flags and --yes"
        ) from None
    return questionary


def _answer(question: "Question") -> Any:
    try:
        return question.unsafe_ask()
    except EOFError:
        raise HayakoeError(
            "the questions were not answered: nothing was published; give flags and --yes instead"
        ) from None
