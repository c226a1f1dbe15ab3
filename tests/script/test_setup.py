"""What script/setup says at its end works as it stands."""

import subprocess
from pathlib import Path

SETUP = Path(__file__).parents[2] / "script" / "setup"


def test_the_line_that_makes_the_program_callable_does_so(tmp_path):
    program = tmp_path / "my checkout" / ".venv" / "bin" / "wyoming-hayakoe"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\necho called\n", encoding="utf-8")
    program.chmod(0o755)
    home = tmp_path / "home"
    environment = {"HOME": str(home), "PATH": f"{home}/.local/bin:/usr/bin:/bin"}

    def bash(script):
        ran = subprocess.run(
            ["bash", "-euc", script],
            cwd=program.parents[2],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        return ran.stdout + ran.stderr

    said = bash(f'source <(sed -n "/^say_how_to_call()/,/^}}/p" {SETUP}); say_how_to_call')
    (line,) = (line for line in said.splitlines() if line.startswith("  "))
    bash(line)
    assert bash("cd /; wyoming-hayakoe") == "called\n"
