"""The name of a server in zeroconf; tests/server/test_discovery.py has it between real hosts."""

import pytest

from wyoming_hayakoe.server.instance_name import InstanceName, default_name


def test_the_name_belongs_to_this_machine_and_port():
    assert default_name(10200) == default_name(10200)
    assert default_name(10200) != default_name(10201)
    assert len(default_name(65535)) <= 63


@pytest.mark.parametrize("given", [None, "data/name"])
def test_a_kept_name_comes_first(tmp_path, given):
    file = given and tmp_path / given
    name = InstanceName("居間", file)
    assert name.current == "居間"
    name.keep("居間-2")
    assert name.current == "居間-2"
    assert name.wanted == "居間"
    assert InstanceName("居間", file).current == ("居間-2" if file else "居間")


def test_the_wanted_name_leaves_no_file(tmp_path):
    name = InstanceName("kitchen", tmp_path / "name")
    name.keep("kitchen-2")
    name.keep("kitchen")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kept", [b"kitchen-2", b"bath", b"bath-", b"bath-2-2", b"bath-two", b"", b"bath-\xff"])
def test_a_kept_name_counts_only_for_the_wanted_one(tmp_path, kept):
    (tmp_path / "name").write_bytes(kept)
    assert InstanceName("bath", tmp_path / "name").current == "bath"
