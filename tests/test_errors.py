"""What users are told of other libraries' errors."""

import asyncio
import errno
import socket

import pytest

from tests.support import free_port
from wyoming_hayakoe.errors import UnknownVoiceError, in_brief, in_words, some_of


@pytest.mark.parametrize(
    ("said", "brief"),
    [
        ("", "ValueError"),
        (" \n", "ValueError"),
        ("\nno such thing\nat line 3", "no such thing"),
        ("x" * 300, "x" * 200),
    ],
)
def test_other_libraries_errors_are_told_in_a_line(said, brief):
    assert in_brief(ValueError(said)) == brief


@pytest.mark.parametrize(
    ("names", "listed"),
    [
        ([], "none"),
        (["a", "b"], "a, b"),
        (range(20), ", ".join(map(str, range(20)))),
        (range(10_000), ", ".join(map(str, range(20))) + " and 9980 more"),
    ],
)
def test_of_many_names_the_first_are_listed(names, listed):
    assert some_of(names) == listed


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            ConnectionRefusedError(errno.ECONNREFUSED, "[Errno 111] Connect call failed ('127.0.0.1', 9)"),
            "nothing listens",
        ),
        (OSError(f"Multiple exceptions: [Errno {errno.EHOSTUNREACH}] x, [Errno {errno.ECONNREFUSED}] y"), "cannot be"),
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), "no machine of that name is known"),
        (TimeoutError(), "no answer in time"),
        (asyncio.IncompleteReadError(b"", 5), "the other side closed the connection"),
        (FileNotFoundError(errno.ENOENT, "No such file or directory"), "No such file or directory"),
        (OSError(errno.EIO, "it broke"), "it broke"),
        (OSError(errno.EIO, "[Errno 5] it broke"), "Input/output error"),
        (ConnectionResetError("the client has left"), "the client has left"),
        (OSError(), "OSError"),
    ],
)
def test_failures_of_the_network_are_said_in_words(error, words):
    assert words in in_words(error)
    assert "Errno" not in in_words(error)


async def test_what_python_raises_is_among_them():
    with pytest.raises(ConnectionRefusedError) as refused:
        await asyncio.open_connection("127.0.0.1", free_port())
    assert in_words(refused.value) == "nothing listens there"


def test_an_unknown_voice_is_the_error_of_a_dictionary_too():
    with pytest.raises(KeyError) as error:
        raise UnknownVoiceError("no voice 'x'")
    assert str(error.value) == "no voice 'x'"
