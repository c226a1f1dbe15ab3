"""What users are told of other libraries' errors."""

import pytest

from wyoming_hayakoe.errors import in_brief, some_of


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


@pytest.mark.parametrize(
    ("names", "listed"),
    [
        ([], "none"),
        (["a", "b"], "a, b"),
        (range(20), ", ".join(map(str, range(20)))),
        (range(10_000), ", ".join(map(str, range(20))) + " and 9980 more"),
    ],
)
def test_of_many_names_the_first_are_listed(names, listed):
    assert some_of(names) == listed
