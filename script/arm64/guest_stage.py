"""Computes graphs, each between two marks for count.c; needs nothing but the installed program, as guest.py."""

import ctypes
import json
import sys
from pathlib import Path

import numpy as np

from wyoming_hayakoe.engine.runtime.session import Execution, Session
from wyoming_hayakoe.errors import HayakoeError

MARK = 0x48594B


def main() -> None:
    """Compute PIECE/FORM.onnx for all pieces and forms of FOLDER on PIECE/feeds.npz, and write what they make to OUT.

    OUT/graphs.json has the graphs in the order in which they were computed, each with the reason why it failed or "".
    A graph that is a link to another is loaded once.
    """
    folder, out = map(Path, sys.argv[1:])
    out.mkdir(parents=True)
    mark = ctypes.CDLL(None).syscall
    graphs = []
    sessions: dict[Path, Session] = {}
    for model in sorted(folder.glob("*/*.onnx")):
        with np.load(model.parent / "feeds.npz", allow_pickle=False) as archive:
            feeds = dict(archive)
        piece, form = model.parent.name, model.stem
        try:
            graph = model.resolve()
            session = sessions[graph] = sessions.get(graph) or Session(graph, graph, Execution(threads=1))
            mark(MARK)
            try:
                made = session.run(session.outputs, feeds)
            finally:
                mark(MARK)
        except HayakoeError as error:
            graphs.append([piece, form, str(error)])
        else:
            np.save(out / f"{piece}.{form}.npy", made[0])
            graphs.append([piece, form, ""])
    (out / "graphs.json").write_text(json.dumps(graphs), encoding="utf-8")


if __name__ == "__main__":
    main()
