"""The dashboard: every metric and label in it exists, and Prometheus itself finds something for every expression."""

import json
import os
import re
import shutil
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.support import DEADLINE, free_port, program, run_program

DASHBOARD = Path(__file__).parents[2] / "deploy" / "grafana.json"
# Set by Prometheus, or by the buckets of histograms.
_GIVEN = {"instance", "le"}


def expressions():
    dashboard = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    return [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", [])]


def get(url):
    with urllib.request.urlopen(url, timeout=DEADLINE) as answer:
        return answer.read().decode()


@pytest.fixture
def monitored():
    """Where a server is asked that has spoken, and has refused something."""
    port = free_port()
    with program("--metrics", f"tcp://127.0.0.1:{port}") as server:
        for arguments, code in ((["はい。"], 0), (["はい。", "--voice", "nobody"], 1)):
            assert run_program("say", *arguments, "--uri", server.uri, "-o", os.devnull).returncode == code
        yield server, port


def test_its_metrics_and_labels_are_the_servers(monitored):
    _, port = monitored
    families = text_string_to_metric_families(get(f"http://127.0.0.1:{port}/metrics"))
    samples = [sample for family in families for sample in family.samples]
    for expression in expressions():
        names = re.findall(r"\b(?:hayakoe|process)_\w+", expression)
        assert names
        for name in names:
            labels = {label for sample in samples if sample.name == name for label in sample.labels}
            assert name in {sample.name for sample in samples}
            asked = re.findall(r"(\w+)=~?\"", re.search(name + r"\{(.*?)\}", expression)[1])
            assert set(asked) <= labels | _GIVEN, expression
        grouped = {label for group in re.findall(r"\bby \((.*?)\)", expression) for label in group.split(", ")}
        known = {label for sample in samples if sample.name in names for label in sample.labels}
        assert grouped <= known | _GIVEN, expression


def test_its_panels_lie_side_by_side():
    panels = json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]
    places = [
        (panel["gridPos"]["x"] + x, panel["gridPos"]["y"] + y)
        for panel in panels
        for x in range(panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["h"])
    ]
    assert len(places) == len(set(places))
    assert max(x for x, _ in places) < 24
    assert len({panel["id"] for panel in panels}) == len(panels)


@pytest.fixture
def prometheus(monitored, tmp_path):
    """The address of a real Prometheus that looks at the server five times a second."""
    binary = shutil.which("prometheus")
    if binary is None:
        if os.environ.get("HAYAKOE_TEST_ALL"):
            pytest.fail("prometheus is not here (Debian's package has it), and HAYAKOE_TEST_ALL wants every test")
        pytest.skip("prometheus is not here: Debian's package has it")
    config = tmp_path / "prometheus.yml"
    config.write_text(
        "global: {scrape_interval: 200ms}\n"
        "scrape_configs:\n"
        f"  - {{job_name: hayakoe, static_configs: [{{targets: ['127.0.0.1:{monitored[1]}']}}]}}\n",
        encoding="utf-8",
    )
    port = free_port()
    arguments = [f"--config.file={config}", f"--storage.tsdb.path={tmp_path}", f"--web.listen-address=127.0.0.1:{port}"]
    with (tmp_path / "log").open("w") as log, subprocess.Popen([binary, *arguments], stderr=log) as process:
        yield f"http://127.0.0.1:{port}"
        process.kill()


def test_prometheus_finds_something_for_each_of_its_expressions(monitored, prometheus):
    server, _ = monitored
    wanted = set(expressions())
    end = time.monotonic() + DEADLINE
    while wanted:
        assert time.monotonic() < end, wanted
        # Something has to happen while it looks, or no rate is a number.
        assert run_program("say", "はい。", "--uri", server.uri, "-o", os.devnull).returncode == 0
        assert run_program("say", "はい。", "--voice", "nobody", "--uri", server.uri, "-o", os.devnull).returncode == 1
        wanted = {expression for expression in wanted if not has_values(prometheus, expression)}


def has_values(prometheus, expression):
    """Tell whether Prometheus takes the expression and finds numbers for it."""
    filled = expression.replace("$instance", ".*").replace("$voice", ".*")
    query = urllib.parse.urlencode({"query": re.sub(r"\$__\w+", "30s", filled)})
    try:
        answer = json.loads(get(f"{prometheus}/api/v1/query?{query}"))
    except urllib.error.HTTPError as error:
        if error.code != 503:
            pytest.fail(f"{expression}: {error.read().decode()}")
        return False
    except OSError:  # it has not begun to listen
        return False
    return any(series["value"][1] != "NaN" for series in answer["data"]["result"])
