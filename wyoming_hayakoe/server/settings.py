"""What a server is told when it starts."""

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

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
    """How the server listens and answers; every value has been checked."""

    uris: tuple[str, ...] = ("tcp://0.0.0.0:10200",)
    """Where to listen: tcp://HOST:PORT, unix://PATH, stdio://."""

    rate: int | None = None
    """Sample rate of every answer in hertz; None is the voice's own."""

    samples_per_chunk: int = 1024
    """Samples in one audio-chunk."""

    preload: bool = False
    """Whether every voice is loaded at start, or the default one only and the others at their first request."""

    streaming: bool = True
    """Whether text streams are advertised."""

    zeroconf: bool = True
    """Whether to be found by zeroconf."""

    zeroconf_name: str | None = None
    """Instance name; None makes one that belongs to this machine."""

    max_clients: int = 64
    """Connections at a time."""

    max_queue: int = 16
    """Requests that may wait for their first sound at a time; see :mod:`wyoming_hayakoe.server.admission`."""

    allow: tuple[Network, ...] | None = PRIVATE_NETWORKS
    """Networks whose hosts may connect over tcp; None is any."""

    metrics: str | None = None
    """Where monitors ask over HTTP, as tcp://HOST:PORT; None is nowhere."""

    advertise: tuple[str, int] | None = None
    """Host and port that zeroconf names, such as a balancer's; None is the server's own."""

    grace: float = 10.0
    """Seconds that running responses have to finish when the server stops."""

    idle_timeout: float = 600.0
    """Seconds after which a connection that asks for nothing is closed."""

    stall_timeout: float = 60.0
    """Seconds after which a client that takes nothing of its answer is dropped."""

    def allows(self, host: str) -> bool:
        """Say whether the host at this address may connect."""
        if self.allow is None:
            return True
        ip = ip_address(host.split("%", maxsplit=1)[0])
        # An IPv4 client of a socket for both families has its IPv4 address wrapped.
        ip = getattr(ip, "ipv4_mapped", None) or ip
        return any(ip in network for network in self.allow)
