"""Where servers are asked, and how politely; the figures are the City's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from li_perf.cities.city import City
from li_perf.engine.server import BreakerPolicy, Quota, Server
from li_perf.store import runs
from li_perf.store.reading import Reads
from li_perf.wire import is_loopback

# Requests a second. The City's gateway blocks above 5,000 in 5 minutes (mulesoft-flex-gateway-iac, waf.tf).
AIS_CEILING = 5_000 / 300
CARTO_CEILING = 15.0  # requests a second, Carto's documented limit for enterprise accounts
PORTAL_CEILING = 10.0  # requests a second; no portal publishes one, and a page is thousands of rows


def asked(city: City, kept: Mapping[str, Any]) -> dict[str, str]:
    """The address at which each of the city's servers was asked, by what a run keeps of its settings."""
    if city.inspections is None:
        return {city.requests.portal.title: portal_address(city, kept.get("portal_url"))}
    return {name: kept[key] for name, key in (("AIS", "ais_url"), ("Carto", "carto_url")) if kept.get(key)}


def portal_address(city: City, url: str | None) -> str:
    """Where the city's portal is, or what `url` puts in its place; {city} in it becomes the city's name."""
    return (url or city.portal_url).replace("{city}", city.name)


def is_made_up(servers: Mapping[str, str]) -> bool:
    """Whether one of these was on this machine, as the servers of a simulated city are."""
    return any(map(is_loopback, servers.values()))


async def is_of_made_up(ledger: Reads, city: City) -> bool:
    """Whether the run that was begun last in this store asked a made-up city."""
    last = await runs.latest(ledger)
    return last is not None and is_made_up(asked(city, last.settings))


def ais_server(
    *, url: str, key: str | None, rate: float, concurrency: int, timeout: float, probe: float, outage_limit: float
) -> Server:
    """The address service; the key goes into a header, so that it is in no URL. A rate of 0 is no limit."""
    return Server(
        name="AIS",
        base_url=url.rstrip("/"),
        secret=("Authorization", f"Gatekeeper-Key {key}") if key else None,
        rate=rate or None,
        quota=Quota(count=5_000, seconds=300.0) if 0 < rate <= AIS_CEILING else None,  # above: a server on this machine
        concurrency=concurrency,
        timeout=timeout,
        patience=min(10.0, timeout),
        breaker=BreakerPolicy(probe=probe, outage_limit=outage_limit),
    )


def portal_server(
    *,
    name: str,
    url: str,
    secret: tuple[str, str] | None,
    rate: float,
    timeout: float,
    probe: float,
    outage_limit: float,
) -> Server:
    """A city's portal: large answers, few calls. A rate of 0 is no limit."""
    return Server(
        name=name,
        base_url=url.rstrip("/"),
        secret=secret,
        rate=rate or None,
        concurrency=2,
        timeout=timeout,
        patience=timeout,  # a portal may be silent for long before the first byte of an export
        body_cap=64_000_000,
        breaker=BreakerPolicy(faults=4, probe=probe, outage_limit=outage_limit),
    )


def carto_server(
    *, url: str, rate: float, concurrency: int, timeout: float, probe: float, outage_limit: float
) -> Server:
    """The SQL API: large answers, few calls. A rate of 0 is no limit."""
    return Server(
        name="Carto",
        base_url=url,
        rate=rate or None,
        concurrency=concurrency,
        timeout=timeout,
        patience=timeout,  # a statement may be silent up to its time-out of 25 s before the first byte
        body_cap=64_000_000,
        breaker=BreakerPolicy(faults=4, probe=probe, outage_limit=outage_limit),
    )
