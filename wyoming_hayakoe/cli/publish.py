"""Upload a voice to Hugging Face, S3 or a folder, and verify that it speaks from there.

On a terminal, the command asks for each option that is not given. Keys come from HF_TOKEN, AWS_ACCESS_KEY_ID and the
like, or from publish.env, where an earlier run has saved them.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from wyoming_hayakoe.cli.progress import log_progress, progress_on
from wyoming_hayakoe.errors import HayakoeError, UsageError
from wyoming_hayakoe.paths import data_dir
from wyoming_hayakoe.publish import credentials, readme
from wyoming_hayakoe.publish.plan import Plan, described, make_plan
from wyoming_hayakoe.publish.prompts import BackError, confirm
from wyoming_hayakoe.publish.upload import carry_out
from wyoming_hayakoe.publish.verify import make_room, verify
from wyoming_hayakoe.publish.wizard import BACKENDS, Answers, Wizard, to_publication
from wyoming_hayakoe.sources.location import DEFAULT, open_source
from wyoming_hayakoe.sources.source import DeniedError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's flags."""
    parser.add_argument(
        "folder",
        nargs="?",
        metavar="FOLDER",
        help="folder with config.json, style_vectors.npy and *.safetensors or exported *.onnx; or an .aivmx file",
    )
    parser.add_argument("--name", help="name of the voice at the destination: A-Z, a-z, 0-9, - and _")
    parser.add_argument("--to", metavar="DESTINATION", help="hf://OWNER/REPO[@BRANCH], s3://BUCKET[/PREFIX] or a path")
    parser.add_argument(
        "--backend",
        choices=BACKENDS,
        help="cpu: ONNX; gpu: the checkpoint for PyTorch; both, recommended (default: cpu)",
    )
    parser.add_argument("--checkpoint", metavar="FILE", help="one *.safetensors of the folder, where it has several")
    parser.add_argument(
        "--bert-source",
        default=DEFAULT,
        metavar="SOURCE",
        help=f"source of the BERT, where the destination has none (default: {DEFAULT})",
    )
    parser.add_argument("--licence", metavar="TEXT", help="licence in README.md (default: the voice's)")
    parser.add_argument(
        "--readme",
        choices=["keep", "replace"],
        help="keep or replace an existing README.md (default: its marked list of voices is updated)",
    )
    parser.add_argument("--replace", action="store_true", help="replace an existing voice of that name")
    parser.add_argument("--dry-run", action="store_true", help="show the plan, and change nothing")
    parser.add_argument("--yes", action="store_true", help="ask no questions")
    parser.add_argument(
        "--data-dir", metavar="DIR", help="folder that keeps the BERT and exports (default: the user's data folder)"
    )


def run(flags: argparse.Namespace) -> int:
    """Publish the voice, or show the plan."""
    credentials.use_kept()
    asks = not flags.yes and sys.stdin.isatty() and sys.stdout.isatty()
    if not (asks or flags.yes or flags.dry_run):
        raise UsageError("publish: there is no terminal to ask questions on: add --yes, or --dry-run to see the plan")
    answers = Answers(
        *(flags.folder, flags.name, flags.to, flags.backend, flags.checkpoint, flags.bert_source, flags.licence),
        data_dir(flags.data_dir),
    )
    with tempfile.TemporaryDirectory() as scratch, _named_keys():
        if asks:
            plan, replace_readme = _agreed(Wizard(answers, is_dry_run=flags.dry_run), flags, Path(scratch))
        else:
            plan, replace_readme = _planned(answers, flags, Path(scratch), asks=False)
            _consent(plan, flags, asks=False)
        if flags.dry_run:
            return 0
        make_room(plan.publication.name)
        log_progress()
        progress = progress_on(sys.stderr)
        carry_out(plan, replace_readme=replace_readme, progress=progress)
    print(f"{plan.publication.name} is at {plan.destination.uri}", flush=True)
    for backend in plan.publication.backends:
        print(f"it speaks from there: {verify(plan, backend, progress)}", flush=True)
    return 0


@contextmanager
def _named_keys() -> Iterator[None]:
    """Add to a refusal where keys are read from."""
    try:
        yield
    except DeniedError as error:
        raise HayakoeError(f"{error} (in the environment, or in {credentials.credentials_file()})") from error


def _agreed(wizard: Wizard, flags: argparse.Namespace, scratch: Path) -> tuple[Plan, bool]:
    """Return the plan to which the user agrees, and whether README.md is replaced."""
    while True:
        answers = wizard.complete()
        try:
            plan, replace_readme = _planned(answers, flags, scratch, asks=True)
            _consent(plan, flags, asks=True)
        except BackError:
            wizard.back()
        else:
            return plan, replace_readme


def _planned(answers: Answers, flags: argparse.Namespace, scratch: Path, *, asks: bool) -> tuple[Plan, bool]:
    publication = to_publication(answers)
    if not (asks or flags.dry_run):  # the questions have tried the keys; a dry run leaves nothing anywhere
        open_source(publication.destination, scratch).check_upload()
    plan = make_plan(publication, scratch)
    replace_readme = _decide_readme(plan, flags.readme, asks=asks)
    print("\n".join(described(plan, replace_readme=replace_readme)), flush=True)
    return plan, replace_readme


def _decide_readme(plan: Plan, asked: str | None, *, asks: bool) -> bool:
    """Return whether an existing README.md is changed: beyond its marked list of voices, only with consent."""
    if not plan.changes_readme or asked == "keep":
        return False
    if plan.changes_list_only:
        return True
    print(readme.difference(plan.readme_there or "", plan.readme_new))
    if asked is None and asks:
        return confirm(f"replace {readme.NAME}")
    return asked == "replace"


def _consent(plan: Plan, flags: argparse.Namespace, *, asks: bool) -> None:
    if flags.dry_run:
        return
    if plan.replaced and not flags.replace:
        there = f"{plan.destination.uri} has {' and '.join(plan.replaced)}"
        if not asks:
            raise HayakoeError(f"{there} already: add --replace, or choose another --name")
        if not confirm(f"{there} already: replace"):
            raise HayakoeError("nothing was published")
    if asks and not confirm("go ahead", default=True):
        raise HayakoeError("nothing was published")
