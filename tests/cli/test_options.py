"""Flags, variables and the configuration file: what counts, and what is refused."""

import argparse
from ipaddress import ip_network

import pytest

from wyoming_hayakoe.cli.options.configured import configure
from wyoming_hayakoe.cli.options.option import add_options, as_flags
from wyoming_hayakoe.cli.options.table import SERVING
from wyoming_hayakoe.errors import UsageError
from wyoming_hayakoe.paths import data_dir
from wyoming_hayakoe.server.catalogue import Requested
from wyoming_hayakoe.server.settings import ServerSettings


@pytest.fixture(autouse=True)
def clean(monkeypatch):
    for option in SERVING:
        monkeypatch.delenv(option.variable, raising=False)


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
    return configure(parsed(*arguments), SERVING)


def offered(*arguments):
    configured = resolved(*arguments)
    return configured.wanted.catalogue(configured.make_tts().load("mei").speakers)


def served(**changes):
    return ServerSettings(data_dir=data_dir(), **changes)


def test_nothing_given_is_the_default():
    assert resolved().server_settings == served()


def test_every_option_may_be_a_flag():
    settings = resolved(
        *("--uri", "tcp://127.0.0.1:1", "--uri", "unix:///a", "--rate", "16000", "--samples-per-chunk", "256"),
        *("--no-streaming", "--zeroconf", "kitchen", "--max-clients", "5", "--grace", "2.5"),
        *("--allow", "10.0.0.0/8", "--allow", "192.168.1.7", "--max-queue", "3", "--max-waiting-text", "2M"),
        *("--metrics", "tcp://0.0.0.0:9100", "--advertise", "[fd00::1]:10200"),
        *("--http", "tcp://0.0.0.0:9101", "--http-host", "TTS.example.org", "--http-host", "any"),
        *("--http-cors", "https://App.example:8443", "--http-cors", "*", "--http-cors", "app://."),
    ).server_settings
    assert settings == served(
        uris=("tcp://127.0.0.1:1", "unix:///a"),
        rate=16000,
        samples_per_chunk=256,
        streaming=False,
        zeroconf_name="kitchen",
        max_clients=5,
        grace=2.5,
        allow=(ip_network("10.0.0.0/8"), ip_network("192.168.1.7/32")),
        max_queue=3,
        max_waiting_text=2 << 20,
        metrics="tcp://0.0.0.0:9100",
        http="tcp://0.0.0.0:9101",
        http_hosts=("tts.example.org", "any"),
        http_origins=("https://app.example:8443", "*", "app://."),
        advertise=("fd00::1", 10200),
    )


def test_every_option_may_be_a_variable(monkeypatch):
    for name, value in {
        "URI": "tcp://127.0.0.1:1, unix:///a",
        "NO_STREAMING": "yes",
        "NO_ZEROCONF": "1",
        "MAX_CLIENTS": "5",
        "ALLOW": "any",
        "RATE": "",
    }.items():
        monkeypatch.setenv(f"HAYAKOE_{name}", value)
    assert resolved().server_settings == served(
        uris=("tcp://127.0.0.1:1", "unix:///a"), streaming=False, zeroconf=False, max_clients=5, allow=None
    )


def test_every_option_may_be_a_key(config, monkeypatch):
    path = config(
        """
        uri = ["tcp://127.0.0.1:1", "unix:///a"]
        samples_per_chunk = 256
        max-clients = 5
        no-streaming = true
        zeroconf = "kitchen"
        length-scale = 1.2
        allow = "10.0.0.0/8"
        grace = 3
        """
    )
    expected = served(
        uris=("tcp://127.0.0.1:1", "unix:///a"),
        samples_per_chunk=256,
        streaming=False,
        zeroconf_name="kitchen",
        max_clients=5,
        allow=(ip_network("10.0.0.0/8"),),
        grace=3.0,
    )
    configured = resolved("--config", path)
    assert configured.server_settings == expected
    assert offered("--config", path).find(Requested()).params.speed == 1.2
    monkeypatch.setenv("HAYAKOE_CONFIG", path)
    assert resolved().server_settings == expected


def test_a_flag_counts_before_a_variable_and_a_variable_before_a_key(config, monkeypatch):
    path = config("max-clients = 1\nrate = 8000\ngrace = 1")
    monkeypatch.setenv("HAYAKOE_RATE", "16000")
    monkeypatch.setenv("HAYAKOE_GRACE", "2")
    settings = resolved("--config", path, "--grace", "3").server_settings
    assert (settings.max_clients, settings.rate, settings.grace) == (1, 16000, 3.0)


@pytest.mark.parametrize(
    ("variables", "arguments", "found"),
    [
        ({"NO_ZEROCONF": "1"}, ["--zeroconf", "kitchen"], True),
        ({"ZEROCONF": "kitchen"}, ["--no-zeroconf"], False),
        ({"NO_ZEROCONF": "1"}, [], False),
        ({"NO_ZEROCONF": "0"}, [], True),
        ({"ZEROCONF": "0"}, [], False),
    ],
)
def test_zeroconf_and_no_zeroconf_are_one_option(monkeypatch, variables, arguments, found):
    for name, value in variables.items():
        monkeypatch.setenv(f"HAYAKOE_{name}", value)
    assert resolved(*arguments).server_settings.zeroconf is found


@pytest.mark.parametrize(
    ("arguments", "found", "name"),
    [
        (["--zeroconf"], True, None),
        (["--zeroconf", "居間"], True, "居間"),
        (["--no-zeroconf"], False, None),
        (["--zeroconf", "kitchen", "--no-zeroconf"], False, None),
    ],
)
def test_zeroconf_takes_a_name_or_none(arguments, found, name):
    settings = resolved(*arguments).server_settings
    assert (settings.zeroconf, settings.zeroconf_name) == (found, name)


@pytest.mark.parametrize(
    ("arguments", "found", "name"),
    [
        (["--name", "kitchen"], True, "kitchen"),
        (["--name", "kitchen", "--no-zeroconf"], False, "kitchen"),
        (["--name", "kitchen", "--zeroconf"], True, "kitchen"),
        (["--name", "kitchen", "--zeroconf", "居間"], True, "居間"),
    ],
)
def test_a_server_has_its_name_with_or_without_zeroconf(config, arguments, found, name):
    settings = resolved(*arguments).server_settings
    assert (settings.zeroconf, settings.zeroconf_name) == (found, name)
    path = config('name = "bath"\n')
    assert resolved("--config", path).server_settings == served(zeroconf_name="bath")


@pytest.mark.parametrize("option", SERVING, ids=lambda option: option.name)
def test_help_shows_each_default_that_is_no_switch_once(option):
    shown = option.default is None or isinstance(option.default, bool) or option.default == ()
    assert shown or option.help.count("default: ") == 1
    assert "default" not in option.meaning.replace("default voice", "").replace("the first is the default", "")


def test_the_arguments_of_a_child_process_give_the_same_settings(monkeypatch):
    monkeypatch.setenv("HAYAKOE_PRECISION", "int8")
    given = ["--precision", "auto", "--threads", "2", "--bert-bits", "4", "--data-dir", "/a b", "--debug", "--offline"]
    settings = resolved(*given).settings
    again = as_flags(settings, SERVING)
    assert "--precision=auto" in again, "it counts before the variable"
    assert resolved(*again).settings == settings


def test_the_defaults_are_valid_arguments_of_a_child_process():
    settings = resolved().settings
    assert resolved(*as_flags(settings, SERVING)).settings == settings


def test_a_running_server_takes_new_voices_and_keeps_what_waits_for_its_next_start(config):
    running = resolved("--config", config("rate = 16000\nlength-scale = 1.1\nprecision = 'int8'")).settings
    path = config("rate = 22050\nlength-scale = 1.2\nvoice = 'a=./b'")
    new = configure(parsed("--config", path), SERVING, running)
    assert new.deferred == ("precision", "rate")
    assert (new.settings.rate, new.settings.precision) == (16000, "int8")
    assert (new.settings.length_scale, new.wanted.params.speed, new.wanted.first) == (1.2, 1.2, ("a",))
    path = config("rate = 16000\nprecision = 'int8'")
    assert configure(parsed("--config", path), SERVING, new.settings).deferred == ()


def test_presets_are_voices_of_their_own(config):
    path = config(
        """
        length-scale = 1.1
        voice = ["slow"]

        [[preset]]
        name = "slow"
        speed = 1.4
        pitch_scale = 0.9
        description = "遅く低い声"

        [[preset]]
        name = "high"
        voice = "mei"
        style = "normal"
        pitch-scale = 1.2
        """
    )
    catalogue = offered("--config", path)
    assert [entry.name for entry in catalogue.entries] == ["slow", "mei", "high"]
    slow, mei, high = (catalogue.find(Requested(name=name)).params for name in ("slow", "mei", "high"))
    assert (slow.speed, slow.pitch_scale) == (1.4, 0.9)
    assert (mei.speed, mei.pitch_scale) == (1.1, 1.0)
    assert (high.speed, high.pitch_scale, high.style) == (1.1, 1.2, "normal")
    assert catalogue.entries[0].description == "遅く低い声"
    assert catalogue.find(Requested()).params == slow


@pytest.mark.parametrize("given", ["flag", "variable", "key"])
def test_no_accent_is_an_option_and_accent_a_key_of_presets(config, monkeypatch, given):
    presets = "".join(
        f'[[preset]]\nname = "{name}"\n{accent}'
        for name, accent in {"plain": "", "with": "accent = true\n", "without": "accent = false\n"}.items()
    )
    path = config(("no-accent = true\n" if given == "key" else "") + presets)
    if given == "variable":
        monkeypatch.setenv("HAYAKOE_NO_ACCENT", "1")
    catalogue = offered("--config", path, *(["--no-accent"] if given == "flag" else []))
    spoken = {name: catalogue.find(Requested(name=name)).params.accent for name in catalogue.names}
    assert spoken == {"mei": False, "plain": False, "with": True, "without": False}
    assert resolved().wanted.params.accent is (given != "variable")


def test_silences_and_volume_are_options_and_keys_of_presets(config, monkeypatch):
    def of(name):
        params = catalogue.find(Requested(name=name)).params
        return params.volume, params.sentence_silence, params.lead_silence

    preset = '[[voice]]\nname = "quiet"\nvolume = 0.5\nlead_silence = 0\n'
    path = config("sentence-silence = 0.3\nlead_silence = 0.25\n" + preset)
    monkeypatch.setenv("HAYAKOE_SENTENCE_SILENCE", "0.4")
    catalogue = offered("--config", path, "--volume", "1.5")
    assert (of("mei"), of("quiet")) == ((1.5, 0.4, 0.25), (0.5, 0.4, 0.0))
    for flag, value, least, most in (
        ("volume", "5", 0, 4),
        ("sentence-silence", "-1", 0, 10),
        ("lead-silence", "x", 0, 10),
    ):
        with pytest.raises(UsageError, match=rf"^--{flag}: '{value}' is not a number from {least} to {most}$"):
            resolved(f"--{flag}={value}")


def test_presets_may_be_tables(config):
    path = config('[[preset]]\nname = "a"\n[[preset]]\nname = "b"\nspeed = 2\n')
    assert [entry.name for entry in offered("--config", path).entries] == ["mei", "a", "b"]


@pytest.mark.parametrize(
    ("text", "is_old"),
    [
        ('[[preset]]\nname = "a"\n[[preset]]\nname = "b"\nspeed = 2\n', False),
        ('preset = [{ name = "a" }, { name = "b", speed = 2 }]\n', False),
        ('[[voice]]\nname = "a"\n[[voice]]\nname = "b"\nspeed = 2\n', True),
        ('voice = ["mei", { name = "a" }, { name = "b" }]\n', True),
        ('voice = { name = "a" }\n[[preset]]\nname = "b"\n', True),
    ],
)
def test_presets_may_be_written_as_they_were_before_and_a_hint_says_how_now(config, text, is_old):
    path = config(text)
    assert {entry.name for entry in offered("--config", path).entries} == {"mei", "a", "b"}
    hint = f"{path}: voice: presets are called [[preset]] now: [[voice]] is still understood"
    assert resolved("--config", path).hint == (hint if is_old else None)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("tempo = 1.0", "kitchen.toml: tempo: no such key: allowed are advertise, allow, "),
        ("rate = '16k'", "kitchen.toml: rate: '16k' is not a whole number from 8000 to 192000"),
        ("rate = true", "kitchen.toml: rate: True is not a whole number"),
        ("max-clients = 0", "kitchen.toml: max-clients: 0 is not a whole number from 1 to 10000"),
        ("max-clients = 1.5", "kitchen.toml: max-clients: 1.5 is not"),
        ("length-scale = [1]", "kitchen.toml: length-scale: [1] is not a number from 0.2 to 5"),
        ("length-scale = inf", "kitchen.toml: length-scale: inf is not"),
        ("no-streaming = 'perhaps'", "kitchen.toml: no-streaming: 'perhaps' is not true or false"),
        ("uri = 'udp://x'", "kitchen.toml: uri: 'udp://x' is not tcp://HOST:PORT"),
        ("max-queue = 0", "kitchen.toml: max-queue: 0 is not a whole number from 1 to 10000"),
        ("max-waiting-text = 0", "kitchen.toml: max-waiting-text: 0 is not a size such as 1500M or 2G"),
        ("metrics = 'tcp://0.0.0.0'", "kitchen.toml: metrics: 'tcp://0.0.0.0' is not tcp://HOST:PORT"),
        ("metrics = 'unix:///a'", "kitchen.toml: metrics: 'unix:///a' is not tcp://HOST:PORT"),
        ("http = 'tcp://0.0.0.0'", "kitchen.toml: http: 'tcp://0.0.0.0' is not tcp://HOST:PORT"),
        ("http-host = 'a:1'", "kitchen.toml: http-host: 'a:1' is not the name of a host"),
        ("http-host = ''", "kitchen.toml: http-host: '' is not the name of a host"),
        ("http-cors = 'example.org'", "kitchen.toml: http-cors: 'example.org' is not an origin"),
        ("http-cors = 'https://example.org/'", "http-cors: 'https://example.org/' is not an origin"),
        ("advertise = 'balancer'", "kitchen.toml: advertise: 'balancer' is not HOST:PORT"),
        ("advertise = 'a:70000'", "kitchen.toml: advertise: 'a:70000' is not HOST:PORT"),
        ("advertise = 'a:1/x'", "kitchen.toml: advertise: 'a:1/x' is not HOST:PORT"),
        ("advertise = 10200", "kitchen.toml: advertise: 10200 is not HOST:PORT"),
        ("uri = [1]", "kitchen.toml: uri: 1 is not tcp://HOST:PORT"),
        ("allow = '300.0.0.0/8'", "kitchen.toml: allow: '300.0.0.0/8' is not a network"),
        ("uri = []", "kitchen.toml: uri: [] is not a list with something in it"),
        ("uri = ['stdio://', 'stdio://']", "kitchen.toml: uri: one URI is given twice"),
        ("log-format = '%(nosuch)s'", "kitchen.toml: log-format: '%(nosuch)s' is not a format"),
        ("voice = ['a:b']", "kitchen.toml: voice: no voice 'a:b': there is mei"),
        ("voice = ['a=./b', 'a=./c']", "kitchen.toml: voice: 'a' is given twice"),
        ("speaker = 'b'", "kitchen.toml: speaker: voice 'mei' has no style 'b': it has normal"),
        ("voice = 1", "kitchen.toml: voice: 1 is not NAME or NAME=SOURCE"),
        ("= 1", "kitchen.toml: is not TOML"),
        (
            "voice = ['mei']\n[[voice]]\nname = 'a'",
            "voice = … and [[voice]] exclude each other: call the presets [[preset]]",
        ),
        (
            "voice = 'mei'\n[[voice]]\nname = 'a'",
            "voice = … and [[voice]] exclude each other: call the presets [[preset]]",
        ),
        ("preset = 'a'", "kitchen.toml: preset: is not a list of tables: begin each preset with a line [[preset]]"),
        ("[preset]\nname = 'a'", "kitchen.toml: preset: is not a list of tables"),
        ("max_client = 3", "kitchen.toml: max-client: no such key: did you mean 'max-clients'?"),
        ("speed = 1.1", "kitchen.toml: speed: no such key: did you mean 'length-scale'?"),
        (
            "[[preset]]\nname = 'a'\nlength-scale = 2",
            "[[preset]] number 1: length-scale: no such key: did you mean 'speed'?",
        ),
        ("max-memory = '10'", "kitchen.toml: max-memory: '10' is not enough: the least is 128M"),
        ("max-memory = 10", "kitchen.toml: max-memory: 10 is not enough: the least is 128M"),
        ("[[preset]]\nspeed = 1.0", "kitchen.toml: [[preset]] number 1: name: is missing"),
        ("[[preset]]\nname = 'a'\nspeed = 9", "[[preset]] number 1: speed: 9 is not a number from 0.2 to 5"),
        (
            "[[preset]]\nname = 'a'\nrate = 9",
            "[[preset]] number 1: rate: no such key: allowed are accent, description, intonation-scale, ",
        ),
        ("[[preset]]\nname = 'a'\naccent = 'Tokyo'", "[[preset]] number 1: accent: 'Tokyo' is not true or false"),
        ("[[preset]]\nname = ''", "[[preset]] number 1: name: '' is not a text"),
        ("[[preset]]\nname = 'a'\nvoice = 'b'", "[[preset]] number 1: voice: no voice 'b': there is mei"),
        (
            "[[preset]]\nname = 'a'\nstyle = 'b'",
            "[[preset]] number 1: style: voice 'mei' has no style 'b': it has normal",
        ),
        ("[[preset]]\nname = 'mei'", "[[preset]] number 1: name: 'mei' is another voice's"),
    ],
)
def test_what_is_wrong_is_named_with_file_key_and_what_is_allowed(config, text, words):
    with pytest.raises(UsageError) as error:
        offered("--config", config(text))
    assert words in str(error.value)
    assert "\n" not in str(error.value)


def test_a_file_that_is_not_utf_8_is_refused(tmp_path):
    path = tmp_path / "latin.toml"
    path.write_bytes(b"zeroconf = '\xe9'")
    with pytest.raises(UsageError, match=r"latin\.toml: is not TOML"):
        resolved("--config", str(path))
