"""Who may ask over HTTP: by which name of the server, from which page."""

import socket

import pytest

from tests.server.http.exchanges import HTTP, exchanged
from tests.support import local, running

OWN = "10.1.2.3:10201"
SAFE = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
}


async def asked(voice, method="GET", path="/healthz", *, host=OWN, version="1.1", settings=None, **headers):
    given = {"Host": host, "Connection": "close", **{name.replace("_", "-"): value for name, value in headers.items()}}
    fields = "".join(f"{name}: {value}\r\n" for name, value in given.items() if value is not None)
    async with running(local(**HTTP, **(settings or {})), voice) as server:
        request = f"{method} {path} HTTP/{version}\r\n{fields}\r\n".encode("latin-1")
        return await exchanged(server.http.endpoints[0], request)


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:10201", 200),
        ("192.168.1.20", 200),
        ("[::1]:10201", 200),
        ("[fe80::1%25eth0]:10201", 200),
        ("localhost:10201", 200),
        ("LOCALHOST", 200),
        ("hayakoe:10201", 200),
        ("hayakoe.local.:10201", 200),
        ("tts.home.arpa", 200),
        ("nas.lan", 200),
        (socket.gethostname(), 200),
        ("tts.example.org:10201", 200),
        ("evil.example", 403),
        ("evil.example:10201", 403),
        ("10.1.2.3.evil.example", 403),
        ("127.0.0.1.nip.io", 403),
        ("notlocal", 200),
        ("x.notlocal", 403),
        ("user@localhost", 403),
        ("localhost:x", 403),
        ("localhost/evil.example", 403),
        ("", 403),
        ("example.org", 403),
    ],
)
async def test_a_request_names_this_server(voice, host, status):
    got = await asked(voice, host=host, settings={"http_hosts": ("tts.example.org",)})
    assert got.status == status
    if status == 403:
        assert b"--http-host" in got.body
        assert got.body.count(b"\n") == 0


async def test_behind_a_proxy_every_name_may_be_this_servers(voice):
    assert (await asked(voice, host="evil.example", settings={"http_hosts": ("any",)})).status == 200


async def test_only_programs_of_old_name_no_host(voice):
    assert (await asked(voice, host=None, version="1.0")).status == 200
    assert (await asked(voice, host=None)).status == 400


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 405),  # it is let through, and the page takes no POST
        ({"Origin": f"http://{OWN}"}, 405),
        ({"Origin": f"https://{OWN}"}, 405),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "http://10.1.2.3:8123"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://["}, 403),
        ({"Origin": "http://evil.example", "X-Forwarded-Host": OWN}, 403),
        ({"Origin": "http://home:8123", "X-Forwarded-Host": "home:8123"}, 405),
        ({"Origin": "https://home", "Sec-Fetch-Site": "same-origin"}, 405),
        ({"Sec-Fetch-Site": "none"}, 405),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": f"http://{OWN}", "Sec-Fetch-Site": "cross-site"}, 403),
        ({"Origin": "https://app.example"}, 405),
        ({"Origin": "https://app.example", "Sec-Fetch-Site": "cross-site"}, 405),
        ({"Origin": "https://app.example.evil.example"}, 403),
    ],
)
async def test_other_pages_change_nothing(voice, headers, status):
    settings = {"http_origins": ("https://app.example",)}
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        assert (await asked(voice, method, settings=settings, **headers)).status == status
    assert (await asked(voice, "GET", settings=settings, **headers)).status == 200


@pytest.mark.parametrize("allowed", ["https://app.example", "*"])
async def test_pages_that_may_use_it_are_told_so(voice, allowed):
    settings = {"http_origins": (allowed,)}
    got = await asked(voice, settings=settings, Origin="https://app.example")
    assert got.headers["Access-Control-Allow-Origin"] == "https://app.example"
    assert "Origin" in got.headers["Vary"]
    asking = {"Origin": "https://app.example", "Access_Control_Request_Method": "POST"}
    got = await asked(
        voice, "OPTIONS", "/synthesis", settings=settings, **asking, Access_Control_Request_Headers="content-type"
    )
    assert got.status == 204
    assert "POST" in got.headers["Access-Control-Allow-Methods"]
    assert got.headers["Access-Control-Allow-Headers"] == "content-type"
    # Nor is a name that is none of this server's opened by that.
    assert (await asked(voice, host="evil.example", settings=settings, **asking)).status == 403


async def test_other_pages_are_not(voice):
    asking = {"Origin": "https://evil.example", "Access_Control_Request_Method": "POST"}
    for settings in ({}, {"http_origins": ("https://app.example",)}):
        for method in ("GET", "OPTIONS"):
            got = await asked(voice, method, settings=settings, **asking)
            assert not [name for name in got.headers if name.lower().startswith("access-control")]


@pytest.mark.parametrize("path", ["/healthz", "/nowhere", "/metrics"])
@pytest.mark.parametrize("host", [OWN, "evil.example"])
async def test_every_response_is_safe(voice, path, host):
    got = await asked(voice, path=path, host=host)
    assert {name: got.headers[name] for name in SAFE} == SAFE
    policy = got.headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'self'" in policy
    assert got.headers["Server"] is None
