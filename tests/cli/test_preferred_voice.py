"""The default voice where flags, variables and the configuration file name none, and what they name."""

import argparse

import pytest

from tests.voice_kinds import as_folder
from tests.voices import BeepVoice, paced
from wyoming_hayakoe.cli import compile as compile_voices
from wyoming_hayakoe.cli import serve
from wyoming_hayakoe.cli.options import configured
from wyoming_hayakoe.cli.options.option import add_options
from wyoming_hayakoe.cli.options.table import LOGGING, PREPARING, SERVING
from wyoming_hayakoe.errors import HayakoeError
from wyoming_hayakoe.extras import install_command
from wyoming_hayakoe.server.catalogue import Requested
from wyoming_hayakoe.sources.location import DEFAULT
from wyoming_hayakoe.voice_store import PREFERRED


@pytest.fixture(autouse=True)
def clean(monkeypatch, tmp_path):
    for option in SERVING:
        monkeypatch.delenv(option.variable, raising=False)
    monkeypatch.setenv("HAYAKOE_DATA_DIR", str(tmp_path / "data"))


@pytest.fixture
def config(tmp_path):
    def write(text):
        path = tmp_path / "kitchen.toml"
        path.write_text(text, encoding="utf-8")
        return str(path)

    return write


def parsed(*arguments):
    parser = argparse.ArgumentParser()
    add_options(parser, SERVING)
    return parser.parse_args(arguments)


def resolved(*arguments):
    return configured.configure(parsed(*arguments), SERVING)


@pytest.fixture
def installed(monkeypatch):
    """The extra with the preferred voice is installed, or not."""

    def install(*, is_here: bool) -> None:
        monkeypatch.setattr(configured, "is_installed", lambda _: is_here)

    install(is_here=True)
    return install


def test_the_preferred_voice_may_become_the_default_where_nobody_chooses(installed, config):
    given = resolved("--config", config('[[preset]]\nname = "slow"\nspeed = 1.5\n'))
    assert given.wanted.preferred == PREFERRED
    assert dict(given.wanted.sources) == {PREFERRED: None}
    assert (given.wanted.order, given.wanted.default_voice) == (["mei", PREFERRED], "mei")
    assert given.wanted.decided({PREFERRED: 0.7}).default_voice == PREFERRED
    assert given.wanted.decided({PREFERRED: 0.72}).default_voice == "mei"
    assert given.default_line is None


@pytest.mark.parametrize("arguments", [["--voice", "mei"], ["--voice", PREFERRED], ["--voice", "a=./b"]])
def test_whoever_chooses_gets_no_other_default(installed, arguments):
    given = resolved(*arguments)
    assert given.wanted.preferred is None
    assert given.wanted.default_voice == arguments[1].partition("=")[0]
    assert given.default_line is None


def test_a_name_that_is_the_user_s_is_not_taken(installed, config, tmp_path):
    given = resolved("--config", config(f'[[preset]]\nname = "{PREFERRED}"\n'))
    assert (given.wanted.preferred, dict(given.wanted.sources)) == (None, {})
    as_folder(tmp_path / "data" / "voices" / PREFERRED)
    given = resolved()
    assert given.wanted.preferred is None
    assert given.wanted.sources[PREFERRED] is not None


def test_where_the_built_in_voice_stays_the_default_one_line_says_why(installed):
    given = resolved("--no-compile")
    assert (given.wanted.preferred, given.wanted.default_voice) == (None, "mei")
    assert given.default_line == f"default voice: mei, since --no-compile leaves {PREFERRED} unprepared"
    installed(is_here=False)
    given = resolved()
    assert (given.wanted.preferred, dict(given.wanted.sources)) == (None, {})
    assert given.default_line == f"default voice: mei; for a neural one: {install_command('kokoro')}"


def test_a_preset_brings_its_built_in_voice(installed, config):
    presets = f'[[preset]]\nname = "a"\nvoice = "{PREFERRED}"\n[[preset]]\nname = "b"\nvoice = "kokoro-kumo"\n'
    given = resolved("--config", config(presets))
    assert dict(given.wanted.sources) == {PREFERRED: None, "kokoro-kumo": None}
    assert (given.wanted.preferred, given.wanted.default_voice) == (PREFERRED, "mei")


def test_a_built_in_voice_needs_no_source(config):
    path = config(f'source = "hf://me/voices"\nvoice = ["{PREFERRED}", "anna"]\n')
    assert resolved("--config", path).wanted.sources == {PREFERRED: None, "anna": "hf://me/voices"}
    named = resolved("--voice", f"{PREFERRED}=./mine")
    assert named.wanted.sources == {PREFERRED: "./mine"}


@pytest.mark.parametrize(
    ("realtime", "default"), [(0.3, PREFERRED), (0.8, "mei"), (None, "mei"), (HayakoeError("x"), "mei")]
)
def test_a_command_waits_for_no_preparing(installed, monkeypatch, realtime, default):
    class Prepared(BeepVoice):
        name = PREFERRED
        styles = ("normal",)
        is_compiled = realtime is not None
        report = paced(realtime) if isinstance(realtime, float) else None

    def make_built_in(_, name):
        if isinstance(realtime, HayakoeError):
            raise realtime
        assert name == PREFERRED
        return Prepared()

    monkeypatch.setattr("wyoming_hayakoe.devices.Engine.make_built_in", make_built_in)
    catalogue = configured.open_voices(parsed(), SERVING)
    assert catalogue.find(Requested()).voice.name == default
    assert catalogue.names == ([PREFERRED, "mei"] if default == PREFERRED else ["mei"])


@pytest.mark.parametrize(("name", "source"), [(PREFERRED, None), ("anna", None), (PREFERRED, "/srv/mine")])
def test_the_process_that_prepares_a_voice_takes_it_from_where_the_server_does(monkeypatch, name, source):
    monkeypatch.setenv("HAYAKOE_SOURCE", "hf://me/voices")
    flags = parsed("--voice", f"{name}={source}" if source else name, "--source", DEFAULT)
    command = serve._Configuration(flags, configured.configure(flags, SERVING)).compile_command(name, source, None)
    parser = argparse.ArgumentParser()
    compile_voices.add_arguments(parser)
    child = configured.configure(parser.parse_args(command[4:]), [*PREPARING, *LOGGING])
    expected = None if name == PREFERRED and source is None else source or DEFAULT
    assert dict(child.wanted.sources) == {name: expected}
    assert child.settings.offline
