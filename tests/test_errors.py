"""What users are told of other libraries' errors."""

import pytest

from wyoming_hayakoe.errors import in_brief


@pytest.mark.parametrize(
    ("said", "brief"),
    [
        ("", "ValueError"),
        (" \n", "ValueError"),
        ("\nno such thing\nat line 3", "no such thing"),
        ("x" * 300, "x" * 200),
    ],
)
def test_other_libraries_errors_are_told_in_a_line(said, brief):
    assert in_brief(ValueError(said)) == brief
