"""What the engine knows of a server: where it is, and how politely it is asked."""

from __future__ import annotations

from dataclasses import dataclass, field

from li_perf.engine.retry import Retry


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """At most `count` requests in any `seconds`."""

    count: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerPolicy:
    """When a server counts as down, the longest wait between two probes of it, and how long the run waits; seconds."""

    faults: int = 8
    probe: float = 15.0
    outage_limit: float = 1800.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """One server's description. `secret` is a header that goes to this host alone and is never shown.

    `rate` is in requests a second, None for no limit; `concurrency` bounds the adaptive limit; `timeout` is for a
    whole request and `patience` for connecting and between reads, in seconds; `body_cap` is in decompressed bytes;
    `retry_share` is the largest part of the traffic that may be retries.
    """

    name: str
    base_url: str
    secret: tuple[str, str] | None = field(default=None, repr=False)
    rate: float | None = 10.0
    quota: Quota | None = None
    concurrency: int = 64
    timeout: float = 30.0
    patience: float = 10.0
    body_cap: int = 2_000_000
    retry: Retry = field(default_factory=Retry)
    retry_share: float = 0.1
    breaker: BreakerPolicy = field(default_factory=BreakerPolicy)
