"""The health command, against real servers and what only looks like one."""

import os
import socket
import threading
from contextlib import contextmanager

import pytest

from tests.support import DEADLINE, Program, free_port, program, run_program
from wyoming_hayakoe.cli import main


@pytest.fixture
def health(monkeypatch, capsys):
    """Runs the command in this process: a process of its own takes most of a CPU second."""
    for name in [name for name in os.environ if name.startswith("HAYAKOE_")]:
        monkeypatch.delenv(name)

    def run(*arguments, **environment):
        with monkeypatch.context() as changed:
            for name, value in environment.items():
                changed.setenv(name, value)
            code = main(["health", *arguments])
        return code, capsys.readouterr().err

    return run


@contextmanager
def impostor(answer: bytes):
    """Something that listens, says ``answer`` to the first who comes, and keeps the line open."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve():
            client, _ = listener.accept()
            with client:
                client.settimeout(DEADLINE)
                client.sendall(answer)
                while client.recv(4096):
                    pass

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"tcp://127.0.0.1:{listener.getsockname()[1]}"
        thread.join(DEADLINE)


def test_a_server_that_answers_is_healthy():
    with program() as server:
        result = run_program("health", "--uri", server.uri)
    assert result.returncode == 0, result.stderr
    (line,) = result.stdout.decode().splitlines()
    assert line.startswith(f"{server.uri}: offers 1 voice,")


@pytest.mark.parametrize("host", ["0.0.0.0", "[::]"])
def test_without_a_uri_it_asks_the_server_of_this_configuration(health, host, tmp_path):
    if host == "[::]" and not socket.has_ipv6:
        pytest.skip("this machine has no IPv6")
    with Program.listening("--uri", f"tcp://{host}:{{port}}") as server:
        uri = f"tcp://{host}:{server.port}"
        config = tmp_path / "kitchen.toml"
        config.write_text(f'uri = ["stdio://", "{uri}"]\nmax-clients = 5\n', encoding="utf-8")
        for environment in ({"HAYAKOE_URI": f"stdio://, {uri}"}, {"HAYAKOE_CONFIG": str(config)}):
            assert health(**environment) == (0, "")


def test_a_unix_socket_is_asked_too(health, tmp_path):
    path = tmp_path / "hayakoe.sock"
    # They are opened one after the other.
    with Program.listening("--uri", f"unix://{path}", "--uri", "tcp://127.0.0.1:{port}"):
        assert health("--uri", f"unix://{path}") == (0, "")


def test_where_nobody_listens_it_says_so(health):
    uri = f"tcp://127.0.0.1:{free_port()}"
    code, said = health("--uri", uri)
    (line,) = said.splitlines()
    assert code == 1
    assert f"no server answers at {uri} (nothing listens there)" in line
    assert "Errno" not in line


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"", "does not answer within 0.5 s"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "closed the connection"),
        (b'{"type":"error","data":{"text":"too many","code":"too-many-clients"}}\n', "says: too many"),
    ],
)
def test_what_answers_otherwise_is_not_healthy(health, answer, words):
    with impostor(answer) as uri:
        code, said = health("--uri", uri, "--timeout", "0.5")
    (line,) = said.splitlines()
    assert code == 1
    assert words in line


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--uri", "stdio://"], "nobody can connect to stdio://"),
        (["--uri", "http://a"], "tcp://HOST:PORT"),
        (["--timeout", "never"], "a number from 0.1 to 3600"),
    ],
)
def test_bad_usage(arguments, words, capsys):
    assert main(["health", *arguments]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert words in line
