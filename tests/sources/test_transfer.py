import hashlib
from contextlib import contextmanager
from dataclasses import replace

import pytest

from tests.sources.shared import QUICK
from wyoming_hayakoe.sources.source import Body, ChangedError, Item, SourceError, UnavailableError
from wyoming_hayakoe.sources.transfer import asked, receive

DATA = b"0123456789" * 10
ITEM = Item("v/声.onnx", len(DATA), "tag")
SUMS = {
    "sha256": hashlib.sha256(DATA).hexdigest(),
    "md5": hashlib.md5(DATA).hexdigest(),
    # echo -n 0123… | git hash-object --stdin
    "git": "edd4e96b758225ef7d2e13abcd43a9f62c9554fa",
}


class Memory:
    """A source in memory, which answers what it is told to and notes what it is asked."""

    uri = "memory://"

    def __init__(self, *answers: bytes, checksum: str | None = None, resumes: bool = True) -> None:
        self.answers = list(answers)
        self.checksum = checksum
        self.resumes = resumes
        self.starts: list[int] = []

    @contextmanager
    def open(self, item, start):
        self.starts.append(start)
        start = start if self.resumes else 0
        yield Body(start, iter([self.answers.pop(0)[start:]]), self.checksum)


def fetched(remote, part):
    receive(remote, ITEM, part, QUICK, [].append)
    return part.read_bytes()


@pytest.mark.parametrize("kind", SUMS)
@pytest.mark.parametrize("already", [0, 1, 50, 99, 100, 150])
def test_what_is_there_is_not_asked_for_again(tmp_path, kind, already):
    (tmp_path / "part").write_bytes((DATA * 2)[:already])
    remote = Memory(DATA, checksum=f"{kind}:{SUMS[kind]}")
    assert fetched(remote, tmp_path / "part") == DATA
    assert remote.starts == [{100: 99, 150: 0}.get(already, already)]


@pytest.mark.parametrize("kind", SUMS)
def test_a_damaged_beginning_is_fetched_anew(tmp_path, kind):
    (tmp_path / "part").write_bytes(b"x" * 50)
    remote = Memory(DATA, DATA, checksum=f"{kind}:{SUMS[kind]}")
    assert fetched(remote, tmp_path / "part") == DATA
    assert remote.starts == [50, 0]


def test_a_source_that_does_not_resume_is_taken_from_its_beginning(tmp_path):
    (tmp_path / "part").write_bytes(b"x" * 50)
    assert fetched(Memory(DATA, resumes=False), tmp_path / "part") == DATA


def test_a_short_answer_without_a_checksum_is_gone_on_with(tmp_path):
    remote = Memory(DATA[:30], DATA[:60], DATA)
    assert fetched(remote, tmp_path / "part") == DATA
    assert remote.starts == [0, 30, 60]


def test_an_answer_that_ends_too_early_each_time_is_given_up(tmp_path):
    with pytest.raises(UnavailableError, match="breaks off in the middle of 'v/声"):
        fetched(Memory(*[b""] * QUICK.attempts), tmp_path / "part")


def test_a_part_that_was_not_asked_for_is_refused(tmp_path):
    class Elsewhere(Memory):
        @contextmanager
        def open(self, item, start):
            yield Body(7, iter([DATA]), None)

    with pytest.raises(SourceError, match="not asked for"):
        fetched(Elsewhere(), tmp_path / "part")


def test_a_request_is_made_again_only_while_that_may_help():
    failures = [UnavailableError("busy"), UnavailableError("busy")]

    def request():
        if failures:
            raise failures.pop()
        return "answer"

    assert asked(request, QUICK) == "answer"
    failures += [UnavailableError("busy")] * QUICK.attempts
    with pytest.raises(UnavailableError):
        asked(request, QUICK)
    failures[:] = [SourceError("no"), SourceError("no")]
    with pytest.raises(SourceError):
        asked(request, QUICK)
    assert len(failures) == 1


@pytest.mark.parametrize("kind", SUMS)
@pytest.mark.parametrize("size", [None, len(DATA)])
@pytest.mark.parametrize("already", [0, 1, 50, 99, 100])
def test_a_file_of_unlisted_size_arrives(tmp_path, kind, size, already):
    (tmp_path / "part").write_bytes(DATA[:already])

    class Sized(Memory):
        @contextmanager
        def open(self, item, start):
            with super().open(item, start) as body:
                yield replace(body, size=size)

    remote = Sized(DATA, checksum=f"{kind}:{SUMS[kind]}")
    receive(remote, replace(ITEM, size=None), tmp_path / "part", QUICK, [].append)
    assert (tmp_path / "part").read_bytes() == DATA
    assert remote.starts == [max(already - 1, 0)]


def test_what_is_here_and_longer_than_the_source_has_it_is_dropped(tmp_path):
    class Shorter(Memory):
        @contextmanager
        def open(self, item, start):
            if start >= len(DATA):
                raise ChangedError("shorter than it was listed")
            with super().open(item, start) as body:
                yield body

    (tmp_path / "part").write_bytes(DATA * 2)
    with pytest.raises(ChangedError):
        receive(Shorter(), replace(ITEM, size=None), tmp_path / "part", QUICK, [].append)
    receive(Shorter(DATA), replace(ITEM, size=None), tmp_path / "part", QUICK, [].append)
    assert (tmp_path / "part").read_bytes() == DATA
