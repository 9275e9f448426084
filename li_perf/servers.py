"""The servers of a city as the settings have them: addresses, keys, paces."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from pydantic import SecretStr

from li_perf.cities.city import City
from li_perf.engine.halt import Halt
from li_perf.engine.heartbeat import beating
from li_perf.engine.server import Server
from li_perf.settings import Settings, check_asked
from li_perf.steps.job import Servers, open_servers
from li_perf.steps.servers import ais_server, carto_server, portal_address, portal_server


@asynccontextmanager
async def open_for(city: City, settings: Settings, halt: Halt) -> AsyncIterator[Servers]:
    """The city's servers, ready to be asked. Raises UserError where these settings forbid it."""
    check(city, settings)
    async with (
        beating() as heartbeat,
        open_servers(
            portal=city.requests.portal,
            portal_server=_portal(city, settings),
            ais_server=_ais(settings) if city.inspections else None,
            halt=halt,
            heartbeat=heartbeat,
        ) as servers,
    ):
        yield servers


def check(city: City, settings: Settings) -> None:
    """Raises UserError where the city's servers must not be asked with these settings."""
    portal = {"portal": portal_address(city, settings.portal_url)}
    check_asked(settings, {"ais": settings.ais_url, "carto": settings.carto_url} if city.inspections else portal)


def _portal(city: City, settings: Settings) -> Server:
    if city.inspections:
        concurrency = settings.carto_concurrency
        return carto_server(
            url=settings.carto_url, rate=settings.carto_rate, concurrency=concurrency, **_patience(settings)
        )
    title = city.requests.portal.title
    return portal_server(
        name=title,
        url=portal_address(city, settings.portal_url),
        secret=_key(title, settings),
        rate=settings.portal_rate,
        **_patience(settings),
    )


def _ais(settings: Settings) -> Server:
    return ais_server(
        url=settings.ais_url,
        key=_said(settings.ais_key),
        rate=settings.ais_rate,
        concurrency=settings.ais_concurrency,
        **_patience(settings),
    )


def _key(title: str, settings: Settings) -> tuple[str, str] | None:
    """The header that names us to this kind of portal, None where we have no key for it."""
    if title == "Socrata" and (token := _said(settings.socrata_token)):
        return "X-App-Token", token
    if title == "Opendatasoft" and (key := _said(settings.opendatasoft_key)):
        return "Authorization", f"Apikey {key}"
    return None


def _said(secret: SecretStr | None) -> str | None:
    return secret.get_secret_value() if secret else None


def _patience(settings: Settings) -> dict[str, Any]:
    return {"timeout": settings.timeout, "probe": settings.breaker_probe, "outage_limit": settings.outage_limit}
