"""Keys of a destination: asked for on the terminal, tried, and kept in ``publish.env`` only after that."""

import os
from functools import partial
from pathlib import Path

from wyoming_hayakoe.errors import HayakoeError
from wyoming_hayakoe.publish import credentials
from wyoming_hayakoe.publish.prompts import ask, choose, confirm, given, in_turn, secret, show
from wyoming_hayakoe.sources import local
from wyoming_hayakoe.sources.location import open_source


class ElsewhereError(Exception):
    """The destination takes no upload, and the user wants another one."""


class Keys:
    """The keys that the user enters; they go into the environment, and stay out of arguments and logs."""

    def __init__(self) -> None:
        """Know none yet."""
        self._entered: dict[str, str] = {}

    def settle(self, destination: str, data: Path) -> bool:
        """Ask for missing keys until the destination takes an upload, offer to keep them; return whether it asked.

        Raises:
            ElsewhereError: another destination is to be chosen.
            BackError: the user goes back.
            HayakoeError: ``publish.env`` cannot be written, or the terminal has gone.
        """
        is_kept = destination in credentials.destinations(os.environ)
        is_missing = _lacks_keys(destination)
        while True:
            if is_missing:
                self._enter(destination)
            try:
                open_source(destination, data).check_upload()
                break
            except HayakoeError as error:
                show(str(error))
            _offer_remedies(destination)
            is_missing = True
        new = ({} if is_kept else _settings(destination)) | self._entered
        path = credentials.credentials_file()
        if new and confirm(f"keep this in {path}, which only you may read"):
            credentials.keep(path, new)
        return bool(new)

    def _enter(self, destination: str) -> None:
        if destination.startswith("s3://"):
            address, region = (os.environ.get(name, "") for name in ("AWS_ENDPOINT_URL_S3", "AWS_REGION"))
            questions = {
                "AWS_ENDPOINT_URL_S3": partial(ask, "address of the storage (nothing: Amazon's own)", str, address),
                "AWS_REGION": partial(ask, "region", str, region or "us-east-1"),
                "AWS_ACCESS_KEY_ID": partial(ask, "access key id", given("the key's id")),
                "AWS_SECRET_ACCESS_KEY": partial(secret, "secret access key"),
            }
        else:
            questions = {"HF_TOKEN": partial(secret, "Hugging Face token with permission to write")}
        found = in_turn(questions)
        for name, value in found.items():
            os.environ.pop(name, None)
            if value:
                os.environ[name] = self._entered[name] = value


def _offer_remedies(destination: str) -> None:
    """Return where keys are to be entered again; ElsewhereError where another destination is to be chosen."""
    if local.recognise(destination) is not None:
        raise ElsewhereError
    show(f"The keys are those of this terminal's environment, then those in {credentials.credentials_file()}.")
    if choose("what now", ["enter the keys again", "another destination"]) == 1:
        raise ElsewhereError


def _settings(destination: str) -> dict[str, str]:
    """Return the values of publish.env that name a destination."""
    if (folder := local.recognise(destination)) is not None:
        return {"HAYAKOE_LOCAL_PATH": str(folder)}
    if destination.startswith("s3://"):
        bucket, _, prefix = destination.removeprefix("s3://").partition("/")
        return {"HAYAKOE_S3_BUCKET": bucket, "HAYAKOE_S3_PREFIX": prefix}
    return {"HAYAKOE_HF_REPO": destination}


def _lacks_keys(destination: str) -> bool:
    if local.recognise(destination) is not None:
        return False
    if destination.startswith("s3://"):
        return not (os.environ.get("AWS_PROFILE") or os.environ.get("AWS_ACCESS_KEY_ID"))
    from huggingface_hub import get_token

    return not get_token()
