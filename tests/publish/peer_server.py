"""Runs programs in forks of one process that has the peer's packages imported: importing them takes 12 CPU seconds.

A program for the environment of script/peer: ``peer_server.py SOCKET OWNER`` returns when it listens on a Unix socket,
which it does as long as the process OWNER lives. A client sends ``{"arguments", "environment"}`` as a line of JSON, and
is sent the program's ``{"returncode", "stdout", "stderr"}``. Arguments are those of a Python: a file and its own, or
``-c`` with code.
"""

import importlib
import json
import os
import runpy
import signal
import socket
import sys
import tempfile
import traceback
from pathlib import Path

IMPORTED = (
    *("torch", "onnx", "onnxruntime.quantization", "safetensors.torch", "transformers.models.deberta_v2"),
    *("transformers.models.deberta_v2.modeling_deberta_v2", "hayakoe.api.speaker", "hayakoe.models.infer"),
    *("hayakoe.models.models_jp_extra", "hayakoe.nlp.bert_models"),
)
LONGEST = 300
"""Seconds until a program is ended."""


def main(address: Path, owner: int) -> None:
    """Listen until the owner has ended, in a process of its own."""
    for name in IMPORTED:
        importlib.import_module(name)
    address.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(address))
        listener.listen()
        if os.fork():
            return
        os.setsid()
        with Path(os.devnull).open("r+b") as nothing:
            for stream in range(3):
                os.dup2(nothing.fileno(), stream)
        serve(listener, owner)
    address.unlink()


def serve(listener: socket.socket, owner: int) -> None:
    """Answer each client in a fork, until the owner has ended."""
    # Nobody waits for the forks.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    listener.settimeout(1)
    while is_alive(owner):
        try:
            client, _ = listener.accept()
        except TimeoutError:
            continue
        with client:
            if os.fork() == 0:
                listener.close()
                answer(client)
                os._exit(0)


def is_alive(process: int) -> bool:
    """Return whether there is a process of that id."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def answer(client: socket.socket) -> None:
    """Run the program that a client asks for, in this process, and send what came of it."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.alarm(LONGEST)
    client.setblocking(True)
    with client.makefile("rw", encoding="utf-8") as line:
        request = json.loads(line.readline())
        with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as errors:
            os.dup2(out.fileno(), 1)
            os.dup2(errors.fileno(), 2)
            code = returncode(request["arguments"], request["environment"])
            said = {}
            for name, written in (("stdout", out), ("stderr", errors)):
                written.seek(0)
                said[name] = written.read()
        json.dump({"returncode": code, **said}, line)


def returncode(arguments: list[str], environment: dict[str, str]) -> int:
    """Run a program to its end and return its exit code."""
    os.environ.clear()
    os.environ.update(environment)
    code = 0
    try:
        run(arguments)
    except SystemExit as end:
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    return code


def run(arguments: list[str]) -> None:
    """Run a file, or code behind ``-c``, as Python does."""
    if arguments[0] == "-c":
        sys.argv, sys.path[0] = ["-c", *arguments[2:]], ""
        exec(compile(arguments[1], "<string>", "exec"), {"__name__": "__main__"})
    else:
        sys.argv, sys.path[0] = arguments, str(Path(arguments[0]).parent)
        runpy.run_path(arguments[0], run_name="__main__")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
