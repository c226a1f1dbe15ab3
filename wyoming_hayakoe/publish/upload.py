"""Upload of a planned publication: its files are gathered in one folder and uploaded in one step."""

import tempfile
from pathlib import Path

from wyoming_hayakoe.disk import one_line_errors
from wyoming_hayakoe.publish import readme
from wyoming_hayakoe.publish.conversion import cached_graphs
from wyoming_hayakoe.publish.material import link, link_description, link_graphs
from wyoming_hayakoe.publish.plan import FOLDERS, Backend, Plan, Publication
from wyoming_hayakoe.sources.location import open_source
from wyoming_hayakoe.sources.source import Progress


def carry_out(plan: Plan, data: Path, *, replace_readme: bool, progress: Progress | None = None) -> None:
    """Upload the files of the plan.

    Args:
        plan: the changes at the destination.
        data: the data directory, which caches a BERT from a remote source.
        replace_readme: whether an existing README.md is replaced.
        progress: called with the progress of fetching and uploading.

    Raises:
        HayakoeError: a step failed; the destination is unchanged.
    """
    publication = plan.publication
    with (
        one_line_errors(Path(tempfile.gettempdir()), "set TMPDIR to another folder"),
        tempfile.TemporaryDirectory() as scratch,
    ):
        parts = {}
        for backend in publication.backends:
            parts[f"{FOLDERS[backend]}/{publication.name}"] = _gather(publication, backend, Path(scratch, backend))
        bert = open_source(publication.bert_source, data)
        parts |= {prefix: bert.fetch(prefix, progress) for prefix in plan.lacking}
        if plan.readme_there is None or (replace_readme and plan.changes_readme):
            parts[readme.NAME] = Path(scratch, readme.NAME)
            parts[readme.NAME].write_text(plan.readme_new, encoding="utf-8")
        plan.destination.upload(parts, progress)


def _gather(publication: Publication, backend: Backend, folder: Path) -> Path:
    """Return ``folder`` as the folder of a speaker, made of links to files on the disk."""
    folder.mkdir()
    link_description(publication.material, folder)
    if backend == "cpu" and publication.material.graph is not None:
        link_graphs(publication.material.graph, publication.material.predictor, folder)
    elif publication.checkpoint is not None:
        graphs = cached_graphs(publication.checkpoint) if backend == "cpu" else None
        for path in graphs.iterdir() if graphs else [publication.checkpoint]:
            link(path, folder)
    return folder
