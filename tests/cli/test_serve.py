"""The server's configuration file while it runs, through the real command line."""

import time

from tests.support import DEADLINE, Program


def wait_for_log(server, words):
    end = time.monotonic() + DEADLINE
    while words not in "".join(server.log):
        assert time.monotonic() < end, "".join(server.log)
        time.sleep(0.01)


def test_an_option_that_returns_to_its_running_value_waits_for_no_start(tmp_path):
    config = tmp_path / "kitchen.toml"
    config.write_text("rate = 16000\n", encoding="utf-8")
    with Program.listening("--uri", "tcp://127.0.0.1:{port}", "--config", str(config)) as server:
        config.write_text('rate = 22050\nvoice = ["mei"]\n[[preset]]\nname = "slow"\nspeed = 1.5\n', encoding="utf-8")
        wait_for_log(server, "voices: mei, slow")
        config.write_text('voice = ["mei"]\n[[voice]]\nname = "slow"\n', encoding="utf-8")
        wait_for_log(server, "call the presets [[preset]]")
        config.write_text('rate = 16_000\n[[preset]]\nname = "fast"\nspeed = 0.7\n', encoding="utf-8")
        wait_for_log(server, "voices: mei, fast")
        told = [line for line in server.log if "next start only" in line]
    assert len(told) == 1, told
    assert f"{config}: rate: changes at the next start only" in told[0]


def test_a_misspelt_variable_and_an_old_preset_are_a_line_each_in_the_log(tmp_path):
    config = tmp_path / "kitchen.toml"
    config.write_text('[[voice]]\nname = "slow"\nspeed = 1.5\n', encoding="utf-8")
    started = Program.listening("--uri", "tcp://127.0.0.1:{port}", "--config", str(config), HAYAKOE_RAET="22050")
    with started as server:
        wait_for_log(server, "listening")
    warned = [line.split("WARNING")[1].strip() for line in server.log if "WARNING" in line]
    assert warned == [
        f"{config}: voice: presets are called [[preset]] now: [[voice]] is still understood",
        "HAYAKOE_RAET: no such variable: did you mean 'HAYAKOE_RATE'?",
    ]


def test_one_line_says_why_the_built_in_voice_is_the_default():
    with Program.listening("--uri", "tcp://127.0.0.1:{port}", "--no-compile", HAYAKOE_VOICE="") as server:
        wait_for_log(server, "default voice: mei")
    with Program.listening("--uri", "tcp://127.0.0.1:{port}", "--voice", "mei") as server:
        wait_for_log(server, "listening")
    assert not [line for line in server.log if "default voice" in line]
