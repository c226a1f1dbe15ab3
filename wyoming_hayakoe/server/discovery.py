"""Zeroconf (mDNS) advertisement of the server, by which Home Assistant discovers it."""

import asyncio
import contextlib
import hashlib
import ipaddress
import logging
import re
import socket
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from wyoming_hayakoe.errors import in_brief, in_words
from wyoming_hayakoe.server.instance_name import InstanceName, default_name, kept_name_file
from wyoming_hayakoe.version import __version__

if TYPE_CHECKING:
    from zeroconf.asyncio import AsyncServiceInfo, AsyncZeroconf

_LOGGER = logging.getLogger(__name__)

SERVICE_TYPE = "_wyoming._tcp.local."
_TXT_LIMIT = 255
# Seconds between two looks at the addresses: a Raspberry Pi often starts before its network, and gets another address
# years later.
_CHECK_INTERVAL = 30.0
# Bridges of containers and virtual machines: other hosts do not reach an address there.
_INNER_INTERFACE = re.compile(r"docker|veth|virbr|cni|flannel|podman|lxcbr|br-[0-9a-f]{12}$")


class Discovery:
    """The zeroconf entry of the server, kept up to date while its task runs."""

    def __init__(
        self,
        port: int,
        hosts: Sequence[str],
        name: str | None,
        voices: Sequence[str],
        *,
        data_dir: Path | None = None,
        is_shared: bool = False,
    ) -> None:
        """Advertise ``port`` at the addresses of ``hosts``.

        Args:
            port: the port that clients connect to.
            hosts: the addresses that the server is bound to.
            name: the instance name; None is one made for this machine and port.
            voices: the names of the voices, for the TXT record.
            data_dir: the folder that keeps a name taken in a conflict; None keeps it in this process.
            is_shared: whether the hosts are others, such as a balancer, that other servers advertise too.
        """
        self._port = port
        self._hosts = hosts
        self._is_shared = is_shared
        kept = None if data_dir is None or is_shared else kept_name_file(data_dir, port)
        self._name = InstanceName(name or default_name(port), kept)
        self._properties = txt_record(voices)
        self._news = asyncio.Event()
        self._warned: set[str] = set()

    @classmethod
    def for_endpoints(
        cls,
        endpoints: Sequence[tuple[str, int]],
        name: str | None,
        voices: Sequence[str],
        data_dir: Path | None = None,
    ) -> "Discovery | None":
        """Return the entry for the first port that others can reach, None if all are on loopback addresses."""
        outside = [(host, port) for host, port in endpoints if not _address(host).is_loopback]
        if not outside:
            return None
        port = outside[0][1]
        return cls(port, [host for host, other in outside if other == port], name, voices, data_dir=data_dir)

    @classmethod
    def for_balancer(cls, host: str, port: int, name: str | None, voices: Sequence[str]) -> "Discovery":
        """Return the entry for the load balancer of several servers, each of which advertises the same entry."""
        digest = hashlib.sha256(f"{host}:{port}".encode()).hexdigest()[:8]
        return cls(port, [host], name or f"hayakoe-{digest}", voices, is_shared=True)

    def name_voices(self, voices: Sequence[str]) -> None:
        """Replace the names of the voices in the entry."""
        self._properties = txt_record(voices)
        self._news.set()

    async def run(self) -> None:
        """Advertise until cancelled, and anew when the addresses of this machine or the voices change."""
        advertised: tuple[list[str], dict[str, str]] | None = None
        with _zeroconf_warnings_to(self._warn):
            async with contextlib.AsyncExitStack() as entry:
                while True:
                    self._news.clear()
                    addresses, properties = await self._addresses(), self._properties
                    if not addresses or (addresses, properties) != advertised:
                        await entry.aclose()
                        is_done = await self._advertise(addresses, entry)
                        advertised = (addresses, properties) if is_done else None
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(_CHECK_INTERVAL):
                            await self._news.wait()

    async def _addresses(self) -> list[str]:
        return await _resolve(self._hosts) if self._is_shared else reachable_addresses(self._hosts)

    async def _advertise(self, addresses: list[str], entry: contextlib.AsyncExitStack) -> bool:
        """Register the service until ``entry`` closes; return whether that succeeded."""
        if not addresses:
            problem = f"no address of {self._hosts[0]} yet" if self._is_shared else "this machine has no address yet"
            self._warn_of_failure(problem)
            return False
        from zeroconf import Error, InterfaceChoice, IPVersion
        from zeroconf.asyncio import AsyncZeroconf

        has_ipv6 = any(":" in address for address in addresses)
        try:
            zeroconf = AsyncZeroconf(
                interfaces=InterfaceChoice.All, ip_version=IPVersion.All if has_ipv6 else IPVersion.V4Only
            )
            entry.push_async_callback(zeroconf.async_close)
            name = await self._register(zeroconf, addresses, entry)
        except (OSError, Error) as error:
            await entry.aclose()
            self._warn_of_failure(in_brief(error))
            return False
        self._warned.clear()
        _LOGGER.info("zeroconf: %s at %s port %d", name, ", ".join(addresses), self._port)
        return True

    async def _register(self, zeroconf: "AsyncZeroconf", addresses: list[str], entry: contextlib.AsyncExitStack) -> str:
        """Register the service under the kept name if it is free, else under the wanted one; return its full name."""
        from zeroconf import NonUniqueNameException

        info, broadcast = self._service(self._name.current, addresses), None
        if self._name.current != self._name.wanted:
            # With a number already, the library would add another: kitchen-2-2.
            with contextlib.suppress(NonUniqueNameException):
                broadcast = await zeroconf.async_register_service(info)
        if broadcast is None:
            info = self._service(self._name.wanted, addresses)
            broadcast = await zeroconf.async_register_service(
                info, allow_name_change=not self._is_shared, cooperating_responders=self._is_shared
            )
        if self._is_shared:
            # No goodbye: the others still advertise it, and a browser would forget it for all of them.
            entry.callback(zeroconf.zeroconf.registry.async_remove, info)
        else:
            entry.push_async_callback(_unregister, zeroconf, info)
        await asyncio.to_thread(self._name.keep, info.name.removesuffix(f".{SERVICE_TYPE}"))
        await broadcast
        return info.name

    def _service(self, name: str, addresses: list[str]) -> "AsyncServiceInfo":
        from zeroconf.asyncio import AsyncServiceInfo

        return AsyncServiceInfo(
            SERVICE_TYPE,
            f"{name}.{SERVICE_TYPE}",
            port=self._port,
            parsed_addresses=addresses,
            properties=self._properties,
            server=_host_name(addresses),
        )

    def _warn_of_failure(self, problem: str) -> None:
        self._warn(f"cannot advertise ({problem}); the server runs on: add it by its address")

    def _warn(self, line: str) -> None:
        """Log ``line`` once until the service is advertised again: some problems last for years."""
        if line not in self._warned:
            self._warned.add(line)
            _LOGGER.warning("zeroconf: %s", line)


class _LogFilter(logging.Filter):
    """Hands each warning to a function, as one line, instead of to the log."""

    def __init__(self, warn: Callable[[str], None]) -> None:
        super().__init__()
        self._warn = warn

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno < logging.WARNING:
            return True
        # When an address is lost, each socket logs its failure with a traceback.
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, OSError):
            self._warn(f"cannot send to the network ({in_words(error)})")
        else:
            self._warn(record.getMessage())
        return False


@contextlib.contextmanager
def _zeroconf_warnings_to(warn: Callable[[str], None]) -> Iterator[None]:
    """Pass the warnings of the zeroconf library to ``warn``."""
    log_filter = _LogFilter(warn)
    logger = logging.getLogger("zeroconf")
    logger.addFilter(log_filter)
    try:
        yield
    finally:
        logger.removeFilter(log_filter)


async def _unregister(zeroconf: "AsyncZeroconf", info: "AsyncServiceInfo") -> None:
    await (await zeroconf.async_unregister_service(info))


async def _resolve(hosts: Sequence[str]) -> list[str]:
    """Return the addresses of ``hosts``, names or addresses, that other hosts can reach; IPv4 first."""
    found: list[str] = []
    for host in hosts:
        with contextlib.suppress(OSError, UnicodeError):
            known = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
            found += [str(where[0]) for *_, where in known]
    return sorted(filter(_is_reachable, dict.fromkeys(found)), key=lambda address: (":" in address, address))


def _host_name(addresses: Sequence[str]) -> str:
    """Return a host name that no other host on this network has.

    The name is made from an address, since a query gets the addresses of all hosts that claim the name: instance names
    may collide before they are resolved, and machine ids are copied with SD cards.
    """
    return f"hayakoe-{re.sub(r'[^0-9a-f]+', '-', addresses[0].split('%')[0])}.local."


def txt_record(voices: Sequence[str]) -> dict[str, str]:
    """Return the TXT record: the version, and as many names of voices as fit into one string of 255 bytes."""
    listed = ""
    for voice in voices:
        longer = f"{listed},{voice}" if listed else voice
        if len(f"voices={longer}".encode()) > _TXT_LIMIT:
            break
        listed = longer
    return {"version": __version__, "voices": listed}


def reachable_addresses(hosts: Sequence[str]) -> list[str]:
    """Return the addresses at which other hosts reach a server that is bound to ``hosts``, the best first.

    0.0.0.0 stands for every IPv4 address of this machine, :: for every address. Loopback addresses are left out, and so
    are link-local ones, which Home Assistant ignores. Home Assistant tries one address only, so the address from which
    packets leave this machine comes first.
    """
    addresses: list[str] = []
    for host in hosts:
        ip = _address(host)
        candidates = [host] if not ip.is_unspecified else _interface_addresses(with_ipv6=ip.version == 6)
        addresses += [address for address in candidates if _is_reachable(address)]
    outgoing = _outgoing_address()
    return sorted(dict.fromkeys(addresses), key=lambda address: (":" in address, address != outgoing))


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    return ipaddress.ip_address(host.split("%", maxsplit=1)[0])


def _is_reachable(address: str) -> bool:
    ip = _address(address)
    return not (ip.is_loopback or ip.is_link_local or ip.is_unspecified or ip.is_multicast)


def _interface_addresses(*, with_ipv6: bool) -> list[str]:
    import ifaddr  # comes with zeroconf

    addresses = []
    for adapter in ifaddr.get_adapters():
        if _INNER_INTERFACE.match(adapter.name):
            continue
        for ip in adapter.ips:
            if isinstance(ip.ip, str):
                addresses.append(ip.ip)
            elif with_ipv6:
                addresses.append(ip.ip[0])
    return addresses


def _outgoing_address() -> str | None:
    """Return the source address of packets to the network, None without a network; nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("224.0.0.251", 5353))
            return str(probe.getsockname()[0])
        except OSError:
            return None
