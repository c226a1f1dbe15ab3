"""Upload of a planned publication: its files are staged in one folder, speak there, and are uploaded in one step."""

import tempfile
from pathlib import Path

from wyoming_hayakoe.disk import one_line_errors
from wyoming_hayakoe.publish import readme
from wyoming_hayakoe.publish.conversion import cached_graphs
from wyoming_hayakoe.publish.material import link, link_description, link_graphs
from wyoming_hayakoe.publish.plan import NEEDED, Backend, Plan, Publication
from wyoming_hayakoe.publish.verify import verify_staged
from wyoming_hayakoe.sources.location import open_source
from wyoming_hayakoe.sources.source import Progress


def carry_out(plan: Plan, *, replace_readme: bool, progress: Progress | None = None) -> None:
    """Upload the files of the plan, after they have spoken.

    Args:
        plan: the changes at the destination.
        replace_readme: whether an existing README.md is replaced.
        progress: called with the progress of exporting, fetching, speaking and uploading.

    Raises:
        HayakoeError: a step failed; the destination is unchanged.
    """
    publication = plan.publication
    with (
        one_line_errors(Path(tempfile.gettempdir()), "set TMPDIR to another folder"),
        tempfile.TemporaryDirectory() as scratch,
    ):
        # A repository with this voice alone.
        stage = Path(scratch, "repository")
        parts = {}
        for backend, prefix in zip(publication.backends, plan.prefixes, strict=True):
            parts[prefix] = _gather(publication, backend, stage / prefix, progress)
        shared = {prefix: _fetch(plan, prefix, progress) for prefix in dict.fromkeys((*NEEDED, *plan.lacking))}
        for prefix, place in shared.items():
            (stage / prefix).parent.mkdir(parents=True, exist_ok=True)
            (stage / prefix).symlink_to(place.absolute())
        parts |= {prefix: shared[prefix] for prefix in plan.lacking}
        verify_staged(plan, stage, Path(scratch), progress)
        if plan.readme_there is None or (replace_readme and plan.changes_readme):
            parts[readme.NAME] = stage / readme.NAME
            parts[readme.NAME].write_text(plan.readme_new, encoding="utf-8")
        plan.destination.upload(parts, progress)


def _fetch(plan: Plan, prefix: str, progress: Progress | None) -> Path:
    """Return a folder that all voices share, of the destination, or of the source from which it will come there."""
    publication = plan.publication
    uri = publication.bert_source if prefix in plan.lacking else plan.destination.uri
    return open_source(uri, publication.data).fetch(prefix, progress)


def _gather(publication: Publication, backend: Backend, folder: Path, progress: Progress | None) -> Path:
    """Return ``folder`` as the folder of a speaker, made of links to files on the disk."""
    folder.mkdir(parents=True)
    link_description(publication.material, folder)
    if publication.checkpoint is not None:
        is_graph = backend == "cpu"
        graphs = cached_graphs(publication.checkpoint, publication.data, progress) if is_graph else None
        for path in graphs.iterdir() if graphs else [publication.checkpoint]:
            link(path, folder)
    elif publication.material.graph is not None:
        link_graphs(publication.material.graph, publication.material.predictor, folder)
    return folder
