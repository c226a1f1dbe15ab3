"""Discovery: with the real zeroconf library, on this machine and between two hosts in network namespaces."""

import asyncio
import json
import logging
import os
import queue
import shutil
import subprocess
import sys
import threading
import time
import uuid

import ifaddr
import pytest
import zeroconf.asyncio
from hypothesis import given
from hypothesis import strategies as st

from tests.support import DEADLINE, clean_environment, command, eventually, local, running
from wyoming_hayakoe.server import discovery
from wyoming_hayakoe.server.discovery import Discovery, reachable_addresses, txt_record
from wyoming_hayakoe.server.instance_name import default_name, kept_name_file
from wyoming_hayakoe.version import __version__

# Run in another network namespace: prints, as JSON, each service that appears or leaves.
BROWSER = """
import json, sys, time
from zeroconf import ServiceBrowser, Zeroconf

class Listener:
    def add_service(self, zeroconf, kind, name):
        while (info := zeroconf.get_service_info(kind, name, 3000)) is None:
            print(json.dumps(["unanswered", name]), file=sys.stderr, flush=True)
        properties = info.decoded_properties
        print(json.dumps(["added", name, info.port, info.parsed_addresses(), properties]), flush=True)
    update_service = lambda *_: None
    def remove_service(self, zeroconf, kind, name):
        print(json.dumps(["removed", name]), flush=True)

zeroconf = Zeroconf()
ServiceBrowser(zeroconf, "_wyoming._tcp.local.", Listener())
sys.stdin.read()
zeroconf.close()
"""

# The server, which looks for its addresses often.
QUICK_CHECKS = """
from wyoming_hayakoe.cli import main
from wyoming_hayakoe.server import discovery

discovery._CHECK_INTERVAL = 0.1
main(["--uri", "tcp://0.0.0.0:10200"])
"""


@pytest.fixture
def hosts():
    """Three hosts on one network: 10.77.0.1, which bridges the other two, 10.77.0.2 and 10.77.0.3.

    Three, since two programs that speak mDNS on one host would take each other's answers.
    """
    if os.geteuid() != 0 or shutil.which("ip") is None:
        pytest.skip("network namespaces need root and iproute2")
    tag = uuid.uuid4().hex[:6]
    names = [f"hk-{tag}-{number}" for number in (1, 2, 3)]
    run = subprocess.run(["ip", "netns", "add", names[0]], capture_output=True, check=False)
    if run.returncode != 0:
        pytest.skip(f"this machine makes no network namespaces: {run.stderr.decode().strip()}")
    try:
        ip("-n", names[0], "link", "add", "net0", "type", "bridge", "mcast_snooping", "0")
        for name in names[1:]:
            ip("netns", "add", name)
            port = f"port{name[-1]}"
            ip("-n", names[0], "link", "add", port, "type", "veth", "peer", "net0", "netns", name)
            ip("-n", names[0], "link", "set", port, "master", "net0", "up")
        for name in names:
            ip("-n", name, "address", "add", f"10.77.0.{name[-1]}/24", "dev", "net0")
            ip("-n", name, "link", "set", "net0", "up")
            ip("-n", name, "link", "set", "lo", "up")
            ip("-n", name, "route", "add", "default", "dev", "net0")
        yield names
    finally:
        for name in names:
            subprocess.run(["ip", "netns", "delete", name], capture_output=True, check=False)


def wait_for(words, log):
    end = time.monotonic() + DEADLINE
    while not log.exists() or words not in log.read_text(encoding="utf-8"):
        assert time.monotonic() < end, words
        time.sleep(0.02)


def logging_to(path, arguments):
    return ["sh", "-c", f'exec "$@" 2> {path}', "sh", *arguments]


def ip(*arguments):
    subprocess.run(["ip", *arguments], check=True, capture_output=True, timeout=DEADLINE)


class Process:
    """A program on one of the hosts."""

    def __init__(self, host, arguments):
        self.events = queue.Queue()
        self.popen = subprocess.Popen(
            ["ip", "netns", "exec", host, *arguments],
            env=clean_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

        self.reader = threading.Thread(target=self.read)
        self.reader.start()

    def read(self):
        for line in self.popen.stdout:
            self.events.put(json.loads(line))

    def event(self):
        return self.events.get(timeout=DEADLINE)

    def stop(self):
        self.popen.terminate()
        assert self.popen.wait(DEADLINE) == 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.popen.kill()
        self.popen.wait()
        self.reader.join()
        self.popen.stdin.close()
        self.popen.stdout.close()


def test_another_host_sees_the_server_start_and_stop(hosts):
    browser_host, server_host, _ = hosts
    with (
        Process(browser_host, [sys.executable, "-c", BROWSER]) as browser,
        Process(server_host, command("--uri", "tcp://0.0.0.0:10200")) as server,
    ):
        kind, name, port, addresses, properties = browser.event()
        assert (kind, port, addresses) == ("added", 10200, ["10.77.0.2"])
        assert name == f"{default_name(10200)}._wyoming._tcp.local."
        assert properties == {"version": __version__, "voices": "mei"}
        server.stop()
        assert browser.event() == ["removed", name]


def test_the_entry_names_the_voices_that_are_offered(hosts, tmp_path):
    browser_host, server_host, _ = hosts
    config = tmp_path / "kitchen.toml"
    config.write_text("", encoding="utf-8")
    with (
        Process(browser_host, [sys.executable, "-c", BROWSER]) as browser,
        Process(server_host, command("--uri", "tcp://0.0.0.0:10200", "--config", str(config))),
    ):
        assert browser.event()[-1]["voices"] == "mei"
        config.write_text('[[preset]]\nname = "slow"\nspeed = 1.5\n', encoding="utf-8")
        assert browser.event()[0] == "removed"
        assert browser.event()[-1]["voices"] == "mei,slow"


def test_servers_behind_a_balancer_advertise_it_as_one(hosts, tmp_path):
    browser_host, *server_hosts = hosts
    arguments = command("--uri", "tcp://127.0.0.1:10200", "--advertise", "10.77.0.1:10300")
    with Process(browser_host, [sys.executable, "-c", BROWSER]) as browser:
        with Process(server_hosts[0], arguments) as first:
            kind, _, port, addresses, _ = browser.event()
            assert (kind, port, addresses) == ("added", 10300, ["10.77.0.1"])
            log = tmp_path / "log"
            with Process(server_hosts[1], logging_to(log, arguments)) as second:
                wait_for("zeroconf: hayakoe-", log)
                second.stop()
            first.stop()
        # Neither appeared twice, and neither said goodbye for the other.
        with Process(server_hosts[0], command("--uri", "tcp://0.0.0.0:10200", "--zeroconf", "last")):
            assert browser.event()[:2] == ["added", "last._wyoming._tcp.local."]


def kitchen(folder):
    return command("--uri", "tcp://0.0.0.0:10200", "--zeroconf", "kitchen", "--data-dir", str(folder))


def test_names_are_taken_as_given_and_conflicts_are_resolved(hosts, tmp_path):
    browser_host, server_host, other_host = hosts
    with (
        Process(browser_host, [sys.executable, "-c", BROWSER]) as browser,
        Process(server_host, kitchen(tmp_path / "server")),
    ):
        first = browser.event()
        with Process(other_host, kitchen(tmp_path / "other")):
            second = browser.event()
    assert first[1] == "kitchen._wyoming._tcp.local."
    assert second[1] == "kitchen-2._wyoming._tcp.local."
    assert (first[3], second[3]) == (["10.77.0.2"], ["10.77.0.3"])


def test_a_network_that_comes_late_is_noticed(hosts):
    """As on a board that starts before its Wi-Fi."""
    browser_host, server_host, _ = hosts
    ip("-n", server_host, "address", "flush", "dev", "net0")
    with (
        Process(browser_host, [sys.executable, "-c", BROWSER]) as browser,
        Process(server_host, [sys.executable, "-c", QUICK_CHECKS]),
    ):
        ip("-n", server_host, "address", "add", "10.77.0.9/24", "dev", "net0")
        assert browser.event()[3] == ["10.77.0.9"]


def test_a_name_taken_in_a_conflict_is_kept_over_restarts(hosts, tmp_path):
    """Home Assistant recognises a server by its name, in whatever order two of them start."""
    browser_host, first_host, second_host = hosts
    first, second = kitchen(tmp_path / "first"), kitchen(tmp_path / "second")
    names = ["kitchen._wyoming._tcp.local.", "kitchen-2._wyoming._tcp.local."]
    with Process(browser_host, [sys.executable, "-c", BROWSER]) as browser:
        with Process(first_host, first) as server:
            assert browser.event()[1] == names[0]
            with Process(second_host, second) as other:
                assert browser.event()[1] == names[1]
                other.stop()
                assert browser.event() == ["removed", names[1]]
            server.stop()
            assert browser.event() == ["removed", names[0]]
        with Process(second_host, second):
            assert browser.event()[1] == names[1]
            with Process(first_host, first):
                assert browser.event()[1] == names[0]


def test_a_name_taken_in_a_conflict_is_kept_while_the_server_runs(hosts, tmp_path):
    browser_host, first_host, second_host = hosts
    config = tmp_path / "kitchen.toml"
    config.write_text("", encoding="utf-8")
    # No file can be kept below a file.
    second = [*kitchen(config / "nowhere"), "--config", str(config)]
    log = tmp_path / "log"
    with (
        Process(browser_host, [sys.executable, "-c", BROWSER]) as browser,
        Process(first_host, kitchen(tmp_path / "first")) as server,
    ):
        assert browser.event()[1] == "kitchen._wyoming._tcp.local."
        with Process(second_host, logging_to(log, second)):
            assert browser.event()[1] == "kitchen-2._wyoming._tcp.local."
            wait_for("the name kitchen-2 may change", log)
            server.stop()
            assert browser.event() == ["removed", "kitchen._wyoming._tcp.local."]
            config.write_text('[[preset]]\nname = "slow"\nspeed = 1.5\n', encoding="utf-8")
            assert browser.event() == ["removed", "kitchen-2._wyoming._tcp.local."]
            assert browser.event()[1] == "kitchen-2._wyoming._tcp.local."


def test_a_kept_name_that_another_server_has_is_given_up(hosts, tmp_path):
    browser_host, server_host, other_host = hosts
    kept = kept_name_file(tmp_path, 10200)
    kept.write_text("kitchen-2", encoding="utf-8")
    log = tmp_path / "log"
    with (
        Process(browser_host, [sys.executable, "-c", BROWSER]) as browser,
        Process(other_host, command("--uri", "tcp://0.0.0.0:10200", "--zeroconf", "kitchen-2")),
    ):
        assert browser.event()[1] == "kitchen-2._wyoming._tcp.local."
        with Process(server_host, logging_to(log, kitchen(tmp_path))):
            assert browser.event()[1] == "kitchen._wyoming._tcp.local."
            wait_for("zeroconf: kitchen.", log)
            assert not kept.exists()


def test_an_address_change_logs_one_line_and_no_traceback(hosts, tmp_path):
    _, server_host, _ = hosts
    log = tmp_path / "log"
    with Process(server_host, logging_to(log, [sys.executable, "-c", QUICK_CHECKS])):
        wait_for("at 10.77.0.2 port 10200", log)
        ip("-n", server_host, "address", "flush", "dev", "net0")
        wait_for("no address yet", log)
        ip("-n", server_host, "address", "add", "10.77.0.9/24", "dev", "net0")
        wait_for("at 10.77.0.9 port 10200", log)
    text = log.read_text(encoding="utf-8")
    assert "Traceback" not in text
    assert text.count("no network leads there") == text.count("zeroconf: cannot send to the network") == 1, text


async def test_without_multicast_it_warns_and_runs_on(voice, monkeypatch, caplog):
    def fail(*_, **__):
        raise OSError(19, "No such device")

    monkeypatch.setattr(zeroconf.asyncio, "AsyncZeroconf", fail)
    monkeypatch.setattr(discovery, "_CHECK_INTERVAL", 0.01)
    looks = []
    monkeypatch.setattr(discovery, "reachable_addresses", lambda _: looks.append(1) or ["192.0.2.5"])
    entry = asyncio.create_task(Discovery(10200, ["0.0.0.0"], None, ["mei"]).run())
    await eventually(lambda: len(looks) > 5, "it tries again")
    assert not entry.done()
    assert caplog.text.count("cannot advertise") == 1
    entry.cancel()
    await asyncio.gather(entry, return_exceptions=True)
    assert logging.getLogger("zeroconf").filters == []


async def test_a_loopback_address_is_not_advertised(voice, caplog):
    caplog.set_level(logging.INFO)
    async with running(local(zeroconf=True), voice):
        assert "not advertised" in caplog.text


@pytest.mark.parametrize(
    ("hosts", "interfaces", "expected"),
    [
        (["0.0.0.0"], {"eth0": ["192.168.1.5"], "lo": ["127.0.0.1"]}, ["192.168.1.5"]),
        (["0.0.0.0"], {"eth0": ["192.168.1.5", ("fd00::5", 0, 0)]}, ["192.168.1.5"]),
        (
            ["::"],
            {"eth0": [("fd00::5", 0, 0), "192.168.1.5", ("fe80::1", 0, 2)], "lo": [("::1", 0, 0)]},
            ["192.168.1.5", "fd00::5"],
        ),
        (
            ["0.0.0.0"],
            {"docker0": ["172.17.0.1"], "br-0123456789ab": ["172.18.0.1"], "eth0": ["10.0.0.2"]},
            ["10.0.0.2"],
        ),
        (["0.0.0.0"], {"br-lan": ["10.0.0.1"]}, ["10.0.0.1"]),
        (["0.0.0.0"], {"eth0": ["169.254.3.4"]}, []),
        (["0.0.0.0"], {"eth1": ["10.0.0.9"], "wlan0": ["192.168.1.7"]}, ["192.168.1.7", "10.0.0.9"]),
        (["192.168.1.5"], {"eth0": ["192.168.1.5"], "eth1": ["10.0.0.9"]}, ["192.168.1.5"]),
        (["127.0.0.1"], {"eth0": ["192.168.1.5"]}, []),
    ],
)
def test_only_addresses_that_others_can_reach_are_advertised(monkeypatch, hosts, interfaces, expected):
    adapters = [
        ifaddr.Adapter(name, name, [ifaddr.IP(address, 24, name) for address in addresses])
        for name, addresses in interfaces.items()
    ]
    monkeypatch.setattr(ifaddr, "get_adapters", lambda: adapters)
    monkeypatch.setattr(discovery, "_outgoing_address", lambda: "192.168.1.7")
    assert reachable_addresses(hosts) == expected


@given(st.lists(st.text(min_size=1, max_size=40), max_size=40))
def test_the_txt_record_fits(voices):
    record = txt_record(voices)
    assert record["version"] == __version__
    assert len(f"voices={record['voices']}".encode("utf-8", "replace")) <= 255
    assert ",".join(voices).startswith(record["voices"])
