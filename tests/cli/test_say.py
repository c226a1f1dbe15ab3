import io
import json
import os
import pty
import shlex
import stat
import subprocess
import wave

import pytest

from tests.hts_voices import mei, with_header
from tests.support import DEADLINE, clean_environment, command, program, run_program


def seconds(wav):
    with wave.open(io.BytesIO(wav)) as file:
        assert (file.getnchannels(), file.getsampwidth()) == (1, 2)
        return file.getnframes() / file.getframerate()


def test_it_writes_a_file(tmp_path):
    out = tmp_path / "声 1.wav"
    result = run_program("say", "こんにちは", "-o", str(out))
    assert (result.returncode, result.stderr) == (0, b"")
    assert 0.9 < seconds(out.read_bytes()) < 1.4


@pytest.mark.parametrize("arguments", [["say", "-o", "-"], ["say", "-", "-o", "-"]])
def test_it_speaks_standard_input_to_standard_output(arguments):
    result = run_program(*arguments, stdin="こんにちは\n".encode())
    assert 0.9 < seconds(result.stdout) < 1.4


def said(run_here, out, *flags, **environment):
    """Return the seconds of a greeting that is spoken with ``flags`` to the file ``out``."""
    assert run_here("say", "こんにちは", "-o", str(out), *flags, **environment).code == 0
    return seconds(out.read_bytes())


def test_speed_and_presets_work(tmp_path, run_here):
    (tmp_path / "config.toml").write_text('rate = 16000\n[[voice]]\nname = "slow"\nspeed = 2.0\n')
    normal, slow, preset = (
        said(run_here, tmp_path / "out.wav", *flags)
        for flags in (
            [],
            ["--length-scale", "2"],
            ["--config", str(tmp_path / "config.toml"), "--voice", "slow"],
        )
    )
    assert slow == preset == pytest.approx(2 * normal, rel=0.05)


def test_ssml_and_code(tmp_path, run_here):
    def explained(*arguments):
        lines = run_here("say", "--explain", "--json", *arguments).stdout.splitlines()
        return [json.loads(line)["reading"] for line in lines]

    ssml = "<sub alias='水'>H2O</sub><break time='2s'/><phoneme ph='ナ↓ナミ'>七海</phoneme><voice name='x'>ね</voice>"
    assert explained("--ssml", ssml) == ["ミズ", "ナナミ", "ネ"]
    code = "はい。\n```\nこれ\n```"
    assert explained(code) == ["ハイ", "", "コードショーリャク"]
    assert explained(code, "--code", "silent") == ["ハイ"]
    assert explained(code, "--code", "read") == ["ハイ", "コレ"]
    out = tmp_path / "out.wav"
    result = run_here("say", "--ssml", ssml, "-o", str(out))
    assert (result.code, seconds(out.read_bytes()) > 2.5) == (0, True)
    assert "no voice 'x'" in result.stderr


def test_a_running_server_speaks_just_the_same(tmp_path):
    with program() as server:
        remote = run_program("say", "こんにちは。元気？", "--uri", server.uri, "-o", "-")
    local = run_program("say", "こんにちは。元気？", "-o", "-")
    assert remote.stdout == local.stdout != b""


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["say", "。", "-o", "-"], "holds no words"),
        (["say", "あ", "-o", "/no/such/folder/a.wav"], "/no/such/folder/a.wav"),
        (["say", "あ", "-o", "-", "--uri", "tcp://127.0.0.1:1"], "no server answers at tcp://127.0.0.1:1"),
        (["say", "あ", "-o", "-", "--uri", "stdio://"], "tcp://HOST:PORT"),
        (["say", "あ", "-o", "-", "--uri", "tcp://127.0.0.1:1", "--length-scale", "2"], "--length-scale"),
        (["say", "あ", "-o", "-", "--uri", "tcp://127.0.0.1:1", "--config", "x.toml"], "--config"),
        (["say", "あ", "-o", "-", "--voice", "tsukuyomi", "--offline"], "not here: hf://lemondouble/hayakoe: onnx/sp"),
    ],
)
def test_what_goes_wrong_is_one_line(arguments, words, run_here):
    result = run_here(*arguments)
    (line,) = result.stderr.splitlines()
    assert result.code in {1, 2}
    assert words in line


@pytest.mark.parametrize(("flags", "named"), [(["--voice", "tsukuyomi"], "mei"), (["--speaker", "angry"], "normal")])
def test_a_server_s_error_is_shown(flags, named):
    with program() as server:
        result = run_program("say", "あ", *flags, "-o", "-", "--uri", server.uri)
    assert result.returncode == 1
    (line,) = result.stderr.decode().splitlines()
    assert line.endswith(named)


def test_a_server_that_refuses_is_named():
    with program("--allow", "10.9.9.9/32") as server:
        result = run_program("say", "あ", "-o", "-", "--uri", server.uri)
    (line,) = result.stderr.decode().splitlines()
    assert result.returncode == 1
    assert server.uri in line


def test_the_configured_default_speaks_and_is_listed_first(tmp_path, run_here):
    (tmp_path / "config.toml").write_text('voice = ["slow", {name = "slow", speed = 2.0}]\n')
    config = ["--config", str(tmp_path / "config.toml")]
    chosen = {"HAYAKOE_VOICE": ""}
    slow, mei = (said(run_here, tmp_path / "out.wav", *config, *flags, **chosen) for flags in ([], ["--voice", "mei"]))
    assert slow == pytest.approx(2 * mei, rel=0.05)
    assert run_here("voices", *config, **chosen).stdout.splitlines()[1].startswith("slow")


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_standard_streams_are_no_trouble(tmp_path, closed):
    (tmp_path / "words.csv").write_text("猫,ネコ,1\n", encoding="utf-8")
    out = tmp_path / "out.wav"
    line = shlex.join(command("say", "猫", "-o", str(out), "--data-dir", str(tmp_path)))
    subprocess.run(["sh", "-c", f"exec {line} {closed}"], env=clean_environment(), timeout=DEADLINE, check=True)
    assert seconds(out.read_bytes()) > 0.3


class TestPlay:
    def player(self, tmp_path, name, script):
        path = tmp_path / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)

    @pytest.mark.parametrize("flags", [["--play"], []])
    def test_the_first_player_that_is_there_plays(self, tmp_path, flags, run_here):
        self.player(tmp_path, "aplay", f'/bin/cp "$1" {tmp_path}/played.wav')
        self.player(tmp_path, "afplay", "exit 1")
        result = run_here("say", "はい", *flags, PATH=str(tmp_path))
        assert result.code == 0, result.stderr
        assert seconds((tmp_path / "played.wav").read_bytes()) > 0.5

    def test_a_player_that_fails_is_named_with_its_reason(self, tmp_path, run_here):
        self.player(tmp_path, "paplay", "echo no sound card >&2; exit 3")
        result = run_here("say", "はい", "--play", PATH=str(tmp_path))
        assert result.code == 1
        assert "no sound card" in result.stderr

    def test_without_a_player_it_says_what_to_do(self, tmp_path, run_here):
        for flags, code in ((["--play"], 1), ([], 2)):
            result = run_here("say", "はい", *flags, PATH=str(tmp_path))
            assert result.code == code
            assert "-o" in result.stderr


def test_a_terminal_shows_progress(tmp_path):
    terminal, child = pty.openpty()
    with subprocess.Popen(
        command("say", "こんにちは", "-o", str(tmp_path / "a.wav")), stderr=child, env=clean_environment()
    ) as process:
        os.close(child)
        shown = b""
        try:
            while data := os.read(terminal, 1024):
                shown += data
        except OSError:
            pass  # Linux reports the end of a terminal so
        assert process.wait(DEADLINE) == 0
    os.close(terminal)
    assert b"s of speech" in shown


def test_a_reader_that_leaves_is_no_crash():
    with subprocess.Popen(
        command("say", "こんにちは。" * 20, "-o", "-"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=clean_environment(),
    ) as process:
        process.stdout.read(10)
        process.stdout.close()
        log = process.stderr.read().decode()
        assert process.wait(DEADLINE) == 1
    assert len(log.splitlines()) == 1


class TestExplain:
    def test_the_table_shows_words_reading_pitch_and_source(self, run_here):
        result = run_here("say", "--explain", "室温は23.5℃です")
        lines = result.stdout.splitlines()
        assert lines[0].split() == ["word", "reading", "pitch", "accent", "from"]
        assert lines[1].split() == ["室温", "シツオン", "＿￣￣￣", "0", "dictionary"]
        assert "unit: 23.5°C → 23.5度" in lines

    def test_json_gives_an_object_for_each_line(self, run_here, monkeypatch):
        texts = ["3〜5日", "", "Home Assistant"]
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO("\n".join(texts).encode())))
        result = run_here("say", "--explain", "--json")
        readings = [json.loads(line) for line in result.stdout.splitlines()]
        assert [reading["text"] for reading in readings] == texts
        assert [reading["reading"] for reading in readings] == ["ミッカカライツカ", "", "ホームアシスタント"]
        for reading in readings:
            assert set(reading) == {"text", "reading", "phones", "tones", "word2ph", "bert_text", "words"}
            assert sum(reading["word2ph"]) == len(reading["phones"]) == len(reading["tones"])

    def test_it_shows_what_the_server_will_read(self, tmp_path, run_here):
        (tmp_path / "words.csv").write_text("HACS,ハックス,1\n", encoding="utf-8")
        result = run_here("say", "--explain", "HACS", "--data-dir", str(tmp_path))
        assert "ハックス" in result.stdout
        assert "user dictionary" in result.stdout


def test_an_htsvoice_file_speaks_by_its_path_and_a_damaged_one_is_one_line(tmp_path):
    voice, output = tmp_path / "x.htsvoice", tmp_path / "said.wav"
    voice.write_bytes(with_header(mei(), SAMPLING_FREQUENCY=24_000, FRAME_PERIOD=120))
    ask = ("say", "--voice", f"miku={voice}", "--output", str(output), "はい。")
    ran = run_program(*ask, HAYAKOE_DATA_DIR=str(tmp_path), HAYAKOE_VOICE="")
    assert ran.returncode == 0, ran.stderr
    with wave.open(str(output)) as said:
        assert (said.getframerate(), said.getnframes() > 6000) == (24_000, True)
    voice.write_bytes(mei()[:300_000])
    ran = run_program(*ask, HAYAKOE_DATA_DIR=str(tmp_path), HAYAKOE_VOICE="")
    assert ran.returncode == 1
    (line,) = ran.stderr.decode().splitlines()
    assert line.startswith(f"wyoming-hayakoe: {voice}: is no .htsvoice file that can be used (its STREAM_PDF[MCP]")
