"""Everything that the program needs to run comes to a board without a compiler."""

import os
from pathlib import Path

import pytest

from script.arm64 import wheels

PYPROJECT = Path(__file__).parents[2] / "pyproject.toml"


@pytest.fixture(scope="module")
def registry():
    """Skip where pip reaches no packages."""
    try:
        wheels.resolve(["wyoming==1.10.2"], "3.11")
    except wheels.NoWheelError as error:
        if os.environ.get("HAYAKOE_TEST_ALL"):
            raise
        pytest.skip(f"pip reaches no package registry: {error}")


@pytest.mark.parametrize("python", wheels.PYTHONS)
def test_every_dependency_has_a_wheel_for_aarch64(registry, python):
    needs = wheels.dependencies(PYPROJECT)
    found = wheels.resolve(needs, python)
    assert all(wheel.file.endswith(("-none-any.whl", "_aarch64.whl")) for wheel in found)
    names = {wheel.name.lower().replace("_", "-") for wheel in found}
    assert {"onnxruntime", "pyopenjtalk-plus", "numpy", "wyoming"} <= names
    assert len(names) > len(needs)


def test_what_has_none_is_named(registry):
    # This one has only a source distribution.
    needs = ["wyoming==1.10.2", "pyopenjtalk==0.4.1"]
    with pytest.raises(wheels.NoWheelError, match="pyopenjtalk"):
        wheels.resolve(needs, "3.11")
    assert wheels.without_wheels(needs, "3.11") == ["pyopenjtalk==0.4.1"]


@pytest.mark.parametrize("python", wheels.PYTHONS)
def test_conditions_are_read_for_the_board_and_not_for_this_machine(python):
    texts = [
        "always>=1",
        "boards>=2; platform_machine == 'aarch64'",
        "desks; platform_machine == 'x86_64'",
        "new; python_version >= '3.13'",
        "old; python_version < '3.13'",
        "more; extra == 'more'",
    ]
    expected = {"always", "boards", "new" if python == "3.13" else "old"}
    assert {need.name for need in wheels.needed(texts, python)} == expected
