"""The settings of a server, fixed when it starts."""

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path

Network = IPv4Network | IPv6Network

# Loopback, link-local, private (RFC 1918, RFC 4193), and the shared range that Tailscale uses.
PRIVATE_NETWORKS: tuple[Network, ...] = tuple(
    ip_network(network)
    for network in (
        "127.0.0.0/8",
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "169.254.0.0/16",
        "100.64.0.0/10",
        "::1/128",
        "fc00::/7",
        "fe80::/10",
    )
)

TEXT_LIMIT = 50_000
"""Characters of one request, a whole text stream included."""


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """Addresses, limits and timeouts of a server; every value has been checked."""

    uris: tuple[str, ...] = ("tcp://0.0.0.0:10200",)
    """Addresses to listen on: tcp://HOST:PORT, unix://PATH, stdio://."""

    rate: int | None = None
    """Sample rate of every response in hertz; None is that of the voice."""

    samples_per_chunk: int = 1024
    """Samples in one audio-chunk."""

    preload: bool = False
    """Whether all voices are loaded at start; otherwise the default voice is, and the others at their first request."""

    streaming: bool = True
    """Whether text streams are advertised."""

    zeroconf: bool = True
    """Whether the server is advertised by zeroconf."""

    zeroconf_name: str | None = None
    """Name of this server among others, in zeroconf and in its info event; None is a name made for this machine in
    zeroconf, and no name in the info event."""

    data_dir: Path | None = None
    """Folder that keeps a zeroconf name taken in a conflict; None keeps it until the server stops."""

    max_clients: int = 64
    """Simultaneous connections."""

    max_queue: int = 16
    """Requests that may wait for their first audio at the same time: see :mod:`wyoming_hayakoe.server.admission`."""

    max_waiting_text: int = 4 * 2**20
    """Bytes of clients' texts that may wait: see :mod:`wyoming_hayakoe.server.waiting_text`."""

    allow: tuple[Network, ...] | None = PRIVATE_NETWORKS
    """Networks whose hosts may connect over tcp; None is any."""

    metrics: str | None = None
    """Address of /metrics, /healthz and /readyz, as tcp://HOST:PORT; None serves none of them."""

    http: str | None = None
    """Address of the page and of the programs that speak HTTP, as tcp://HOST:PORT; None serves none of them."""

    http_hosts: tuple[str, ...] = ()
    """Further host names under which clients may reach that address, in lower case; ``any`` is every name."""

    http_origins: tuple[str, ...] = ()
    """Origins of other pages that may use it, such as https://example.org, in lower case; * is any."""

    advertise: tuple[str, int] | None = None
    """Host and port that zeroconf announces, such as a load balancer's; None is that of the server."""

    grace: float = 10.0
    """Seconds that running responses have to finish when the server stops."""

    idle_timeout: float = 600.0
    """Seconds without a request after which a connection is closed."""

    stall_timeout: float = 60.0
    """Seconds after which a client that reads next to nothing of its response is disconnected; also those in which the
    data of an event must follow its header, and in which other clients' texts must leave room for a text."""

    def allows(self, host: str) -> bool:
        """Return whether the host at this address may connect."""
        if self.allow is None:
            return True
        ip = ip_address(host.split("%", maxsplit=1)[0])
        # On a socket for both families, an IPv4 client has an IPv4-mapped address.
        ip = getattr(ip, "ipv4_mapped", None) or ip
        return any(ip in network for network in self.allow)
