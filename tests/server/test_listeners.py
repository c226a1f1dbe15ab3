"""Sockets as clients get them."""

import asyncio
import socket

import pytest

from wyoming_hayakoe.server.listeners import TcpAddress, open_tcp


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_no_packet_waits_for_the_one_before(host):
    if host == "::1" and not socket.has_dualstack_ipv6():
        pytest.skip("no IPv6")
    with open_tcp(TcpAddress(host, 0))[0] as listener, socket.create_connection(listener.getsockname()[:2]):
        client, _ = await asyncio.get_running_loop().sock_accept(listener)
        with client:
            assert client.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
