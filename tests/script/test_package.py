"""What is published: a source archive, and a wheel built from it, which hold what they need and nothing else."""

import subprocess
import tarfile
import zipfile
from pathlib import Path

from tests.support import DEADLINE

CHECKOUT = Path(__file__).parents[2]


def test_the_wheel_speaks_and_nothing_but_the_program_is_in_it(tmp_path):
    done = subprocess.run(
        ["script/package", str(tmp_path)], cwd=CHECKOUT, capture_output=True, text=True, timeout=DEADLINE, check=False
    )
    assert done.returncode == 0, done.stderr
    [wheel], [archive] = tmp_path.glob("*.whl"), tmp_path.glob("*.tar.gz")
    with zipfile.ZipFile(wheel) as opened:
        inside = opened.namelist()
    assert {name.split("/")[0].split("-")[0] for name in inside} == {"wyoming_hayakoe"}
    assert "wyoming_hayakoe/py.typed" in inside
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in inside)
    with tarfile.open(archive) as opened_archive:
        packed = {name.split("/")[1] for name in opened_archive.getnames() if "/" in name}
    assert {"CHANGELOG.md", "LICENSE", "README.md", "README.ja.md", "pyproject.toml", "wyoming_hayakoe"} <= packed
    assert not packed & {"tests", "script", "deploy", ".ci"}
