import pytest
from hypothesis import given
from hypothesis import strategies as st

from wyoming_hayakoe.errors import UsageError
from wyoming_hayakoe.sources import files
from wyoming_hayakoe.sources.source import Item, Listing, SourceError

HOSTILE = ["../../x", "/etc/passwd", "a/../../x", "..", ".", "a//b", "", "a/", "a\0b", "a\\..\\b", "a\nb", "\ud800"]
HOSTILE += ["x" * 256, "/".join(["x" * 200] * 6), "声" * 100]


@pytest.mark.parametrize("path", HOSTILE)
def test_a_path_that_could_leave_the_cache_is_refused(path):
    with pytest.raises(SourceError, match="cannot be kept"):
        files.checked([Item(path, 1, "tag")], "s3://bucket")


@pytest.mark.parametrize(
    "path", ["config.json", "声/つくよみ 1.onnx", "a/b/.hidden", "...", "👩‍🚀.json", "a:b", "か\u3099"]
)
def test_ordinary_names_are_kept(path):
    assert files.checked([Item(path, 1, "tag")], "s3://bucket")


@given(st.text(max_size=40))
def test_a_safe_path_stays_below_the_folder_that_it_is_joined_to(tmp_path_factory, path):
    folder = tmp_path_factory.getbasetemp().resolve()
    if files.is_safe(path):
        assert (folder / path).resolve() != folder
        assert (folder / path).resolve().is_relative_to(folder)


@pytest.mark.parametrize(
    "items",
    [
        [Item("a", 1, "x"), Item("a", 1, "x")],
        [Item("a", 1, "x"), Item("a/b", 1, "x")],
        [Item("a/b", 1, "x"), Item("a/b/c/d", 1, "x")],
        [Item("a", -1, "x")],
        [Item("a", files.MAX_BYTES, "x"), Item("b", 1, "x")],
    ],
)
def test_a_listing_that_no_disk_can_hold_is_refused(items):
    with pytest.raises(SourceError):
        files.checked(items, "s3://bucket")


def test_a_listing_without_end_is_left_off():
    def endless():
        number = 0
        while True:
            number += 1
            yield Item(str(number), 1, "x")

    with pytest.raises(SourceError, match="more than 10000 files"):
        files.checked(endless(), "s3://bucket")


@pytest.mark.parametrize("prefix", ["../x", "a/../b", "a\\b", "a\0"])
def test_a_prefix_outside_the_source_is_refused(prefix):
    with pytest.raises(UsageError):
        files.clean_prefix(prefix)


@pytest.mark.parametrize("prefix", ["", "/", "//"])
def test_a_whole_source_is_not_replaced(prefix):
    with pytest.raises(UsageError, match="name a folder"):
        files.named_prefix(prefix)


def test_a_prefix_ends_where_a_name_ends():
    assert files.is_below("anna/config.json", "anna")
    assert files.is_below("anna", "anna")
    assert files.is_below("anything", "")
    assert not files.is_below("anna2/config.json", "anna")


def test_a_folder_goes_before_a_file_of_its_name():
    whole = Listing((Item("v", 1, "x"), Item("v/a", 1, "x"), Item("w", 1, "x")))
    assert files.below(whole, "v", "s3://bucket") == Listing((Item("v/a", 1, "x"),))
    assert files.below(whole, "w", "s3://bucket") == Listing((Item("w", 1, "x"),), is_file=True)
    assert files.below(whole, "x", "s3://bucket") == Listing(())
