import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wyoming_hayakoe.errors import HayakoeError, UsageError
from wyoming_hayakoe.sources.location import Location, open_source, parse


@pytest.mark.parametrize(
    ("text", "uri", "speaker"),
    [
        ("hf://me/voices", "hf://me/voices", None),
        ("hf://me/voices@v1.2", "hf://me/voices@v1.2", None),
        ("hf://me/voices@main", "hf://me/voices", None),
        ("hf://me/voices@refs/pr/3#つくよみ", "hf://me/voices@refs/pr/3", "つくよみ"),
        ("me/voices", "hf://me/voices", None),
        ("me/voices@dev#anna", "hf://me/voices@dev", "anna"),
        ("https://huggingface.co/me/voices", "hf://me/voices", None),
        ("https://huggingface.co/me/voices/", "hf://me/voices", None),
        ("https://huggingface.co/me/voices/tree/dev", "hf://me/voices@dev", None),
        ("https://huggingface.co/me/voices/tree/refs%2Fpr%2F3", "hf://me/voices@refs/pr/3", None),
        ("https://huggingface.co/me/voices/tree/refs/pr/3#anna", "hf://me/voices@refs/pr/3", "anna"),
        ("s3://bucket", "s3://bucket", None),
        ("s3://bucket/", "s3://bucket", None),
        ("s3://bucket/some/声/", "s3://bucket/some/声", None),
        ("s3://bucket/some#%E5%A3%B0", "s3://bucket/some", "声"),
        ("file:///srv/my%20voices", "file:///srv/my%20voices", None),
        ("file://localhost/srv/v%231#anna", "file:///srv/v%231", "anna"),
        ("/srv/my voices#anna", "file:///srv/my%20voices", "anna"),
    ],
)
def test_every_form_of_a_source_is_read(text, uri, speaker):
    assert parse(text) == Location(uri, speaker)


@pytest.mark.parametrize("text", ["hf://me/voices@v1", "s3://bucket/声 x", "/srv/声 #1".replace(" #", " %23")])
def test_a_source_is_opened_by_the_name_that_it_tells(text, tmp_path):
    uri = open_source(text, tmp_path).uri
    assert open_source(uri, tmp_path).uri == uri


@pytest.mark.parametrize("text", ["./me/voices", "../voices", "~/voices", "."])
def test_a_bare_path_becomes_absolute(text, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert parse(text).uri.startswith("file:///")
    assert "~" not in parse(text).uri


def test_whether_a_text_is_a_repository_or_a_path_does_not_depend_on_the_disk(monkeypatch, tmp_path):
    (tmp_path / "me" / "voices").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    assert parse("me/voices").uri == "hf://me/voices"
    assert parse("./me/voices").uri == (tmp_path / "me" / "voices").as_uri()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "voice",
        "voice.onnx",
        "a/b/c",
        "hf://me",
        "hf://me/",
        "hf://me/a/b",
        "ftp://host/x",
        "https://example.com/a/b",
        "https://huggingface.co/me/voices/blob/main/x.onnx",
        "https://huggingface.co/me",
        "https://huggingface.co/me/voices?token=x",
        "hf://../x",
        "me/voices@",
    ],
)
def test_what_is_no_source_is_refused_with_the_accepted_forms(text):
    with pytest.raises(UsageError, match=r"hf://OWNER/REPO.*s3://BUCKET.*file:///PATH"):
        parse(text)


@pytest.mark.parametrize(
    "text", ["file:srv/x", "file://host/x", "file:///a\0b", "~nobody-has-this-name/x", "s3://", "s3://b/../x", "./a#"]
)
def test_a_malformed_source_is_refused(text):
    with pytest.raises(UsageError):
        parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "s3://AKIA:hunter2@bucket/x",
        "hf://hunter2@me/voices",
        "https://me:hunter2@huggingface.co/me/voices",
        "https://me:hunter2@huggingface.co/me/voices#",
        "https://bucket.s3.amazonaws.com/x?X-Amz-Signature=hunter2",
    ],
)
def test_a_secret_in_a_uri_is_not_told_on(text):
    with pytest.raises(UsageError) as refusal:
        parse(text)
    assert "hunter2" not in str(refusal.value)


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_in_one_line(text):
    try:
        told = parse(text).uri
    except HayakoeError as error:
        told = str(error)
    assert len(told.splitlines()) == 1


@pytest.mark.parametrize("text", ["hf://me/voices", "s3://bucket", "/srv/voices"])
def test_an_upload_of_nothing_is_told_before_anyone_is_asked(text, tmp_path):
    with pytest.raises(HayakoeError, match=r"nowhere: No such file or directory"):
        open_source(text, tmp_path).upload({"v": tmp_path / "nowhere"})


def test_opening_imports_nothing_heavy():
    code = """
import sys
from pathlib import Path
from wyoming_hayakoe.sources.location import open_source
for uri in ("hf://me/voices", "s3://bucket/x", "/srv"):
    open_source(uri, Path("/nonexistent"))
print({"boto3", "botocore", "huggingface_hub", "httpx2"} & set(sys.modules))
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "set()"
