"""Settings from the environment and `.env`, checked, with sentences for what is wrong. Nothing else reads them."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal
from urllib.parse import urlsplit

from dotenv import dotenv_values
from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from li_perf.errors import UserError
from li_perf.steps.servers import AIS_CEILING, CARTO_CEILING, PORTAL_CEILING
from li_perf.store import engines
from li_perf.wire import is_loopback

PREFIX = "LI_PERF_"
OF_TESTS = {"LI_PERF_REAL_DATA"}  # where the tests find real rows; no setting of the product
KEY = re.compile(r"[!-~]+")  # what a header carries as it is
KEYS = MappingProxyType({"ais": ("ais_key",), "portal": ("socrata_token", "opendatasoft_key")})  # who is shown which
SECRETS = tuple(name for names in KEYS.values() for name in names)
CEILINGS = MappingProxyType({"ais": AIS_CEILING, "carto": CARTO_CEILING, "portal": PORTAL_CEILING})
ORIGIN = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?|https?://\[[0-9a-fA-F:]+\](:[0-9]{1,5})?")
KEPT = ("ais_url", "carto_url", "portal_url")  # what a resumed run must not change
BEGUN_WITH = ("prefill", "audit", "max_age")  # what a run decides at its beginning, and goes on with


class Settings(BaseSettings):
    """Every setting; durations in seconds, rates in requests a second."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_file=".env", extra="ignore", frozen=True)

    data: Path = Path("data")
    output: Path = Path("output")
    store: str | None = None
    engine: str = Field(default=engines.EMBEDDED, repr=False)  # its address may hold a token
    ais_url: str = "https://api.phila.gov/ais/v2"
    ais_key: SecretStr | None = None
    carto_url: str = "https://phl.carto.com/api/v2/sql"
    portal_url: str | None = None  # of the cities without inspections; {city} stands for the city's name
    socrata_token: SecretStr | None = None
    opendatasoft_key: SecretStr | None = None
    ais_rate: float = Field(default=10.0, ge=0, allow_inf_nan=False)
    carto_rate: float = Field(default=4.0, ge=0, allow_inf_nan=False)
    portal_rate: float = Field(default=4.0, ge=0, allow_inf_nan=False)
    ais_concurrency: int = Field(default=64, ge=1, le=1_000)
    carto_concurrency: int = Field(default=4, ge=1, le=100)
    timeout: float = Field(default=30.0, gt=0, allow_inf_nan=False)
    breaker_probe: float = Field(default=15.0, gt=0, allow_inf_nan=False)
    outage_limit: float = Field(default=1800.0, ge=0, allow_inf_nan=False)
    prefill: bool = False
    audit: int = Field(default=200, ge=1, le=10_000)  # questions
    max_age: int = Field(default=30, ge=0, le=36_500)  # days
    log_format: Literal["text", "json"] = "text"
    metrics_port: int | None = Field(default=None, ge=1, le=65_535)
    metrics_host: str = "127.0.0.1"
    api_host: str = "127.0.0.1"
    api_port: int = Field(default=8311, ge=0, le=65_535)
    api_origins: str | None = None

    @property
    def origins(self) -> tuple[str, ...]:
        """Whose pages may ask the API from another origin."""
        return tuple(word.strip() for word in (self.api_origins or "").split(",") if word.strip())

    @property
    def kept(self) -> dict[str, Any]:
        """What a run begins with and must go on with."""
        return {name: getattr(self, name) for name in (*KEPT, *BEGUN_WITH)}

    @property
    def shown(self) -> dict[str, Any]:
        """All settings but the secrets, for the manifest."""
        shown = {name: _plain(getattr(self, name)) for name in type(self).model_fields if name not in SECRETS}
        return shown | {"engine": engines.named(self.engine).shown}


def load(**flags: Any) -> Settings:
    """The settings in force: flags before environment before `.env` before defaults. Raises UserError."""
    try:
        _refuse_unknown(set(os.environ) | set(dotenv_values(".env")))
    except (OSError, UnicodeError) as error:
        raise UserError(
            f"The file .env cannot be read ({type(error).__name__}). Check its rights and encoding."
        ) from None
    try:
        settings = Settings(**{name: value for name, value in flags.items() if value is not None})
    except ValidationError as error:
        raise UserError(_sentence(error)) from None
    _check(settings)
    return settings


def output_of(settings: Settings, kept: Mapping[str, Any]) -> Path:
    """The folder of a run's report: the one that was named, else that of the run's beginning, by what it keeps."""
    if "output" in settings.model_fields_set:
        return settings.output
    return Path(kept.get("in_force", {}).get("output", settings.output))


def elsewhere(settings: Settings) -> dict[str, str]:
    """The folders that the command line named: without its flags they would be others."""
    rest = {name: getattr(settings, name) for name in Settings.model_fields if name not in ("data", "output")}
    here = load(**rest)
    return {
        name: str(getattr(settings, name))
        for name in ("data", "output")
        if getattr(settings, name) != getattr(here, name)
    }


def with_kept(settings: Settings, kept: Mapping[str, Any], *, goes_on: bool) -> Settings:
    """The settings with those of an earlier run where nothing else was said. Raises UserError where they differ.

    What a run decides at its beginning matters only to one that `goes_on`.
    """
    differing = [
        name
        for name in ((*KEPT, *BEGUN_WITH) if goes_on else KEPT)
        if name in kept and name in settings.model_fields_set and getattr(settings, name) != kept[name]
    ]
    if differing:
        lines = "\n".join(
            f"  {PREFIX}{name.upper()}: began with {kept[name]}, now {getattr(settings, name)}" for name in differing
        )
        raise UserError(
            f"The run began with other settings:\n{lines}\n"
            "Set them back to go on with it, or set LI_PERF_DATA to another folder to begin anew."
        )
    return settings.model_copy(update={name: kept[name] for name in (*KEPT, *BEGUN_WITH) if name in kept})


def _refuse_unknown(names: set[str]) -> None:
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields} | OF_TESTS
    for name in sorted(names):
        if name.upper().startswith(PREFIX) and name.upper() not in known:
            near = difflib.get_close_matches(name.upper(), known, n=1, cutoff=0.0)
            raise UserError(f"There is no setting {name}. Did you mean {near[0]}?")


def _sentence(error: ValidationError) -> str:
    problems = [f"{PREFIX}{str(part['loc'][0]).upper()} is {part['input']!r}: {part['msg']}" for part in error.errors()]
    return "; ".join(problems) + ". Correct it and run again."


def check_asked(settings: Settings, addresses: Mapping[str, str]) -> None:
    """Raises UserError where servers must not be asked with these settings: for an address, a rate, or a key's way.

    `addresses` are those of ais, carto and portal that are to be asked.
    """
    for name, url in addresses.items():
        ceiling, rate = CEILINGS[name], getattr(settings, f"{name}_rate")
        _check_url(f"{PREFIX}{name.upper()}_URL", url)
        if not is_loopback(url) and not 0 < rate <= ceiling:
            raise UserError(
                f"{PREFIX}{name.upper()}_RATE is {rate:g}: towards {urlsplit(url).hostname} it must lie above 0 "
                f"and not above {ceiling:.4g} requests a second, the server's own limit. 0, no limit, is for this "
                "machine only."
            )
    _check_secrets(settings)


def _check(settings: Settings) -> None:
    if settings.store:
        raise UserError("LI_PERF_STORE: this version keeps its store in SQLite, in LI_PERF_DATA. Unset it.")
    engines.named(settings.engine)
    for name in ("data", "output"):
        _check_folder(name, getattr(settings, name))
    if settings.data.is_file():
        raise UserError(f"LI_PERF_DATA, {settings.data}, is a file: name the folder that it is in, or another one.")
    _check_secrets(settings)
    _check_origins(settings.origins)


def _check_folder(name: str, folder: Path) -> None:
    try:
        str(folder).encode()
    except UnicodeError:
        raise UserError(f"{PREFIX}{name.upper()}, {str(folder)!a}, is not UTF-8: name another folder.") from None


def _check_origins(origins: Sequence[str]) -> None:
    for origin in origins:
        if not ORIGIN.fullmatch(origin):
            raise UserError(
                f"LI_PERF_API_ORIGINS holds {origin!r}, which is not an origin. It looks like https://host or "
                "http://host:port; several are parted by commas."
            )


def _check_secrets(settings: Settings) -> None:
    for server, names in KEYS.items():
        for name in (name for name in names if getattr(settings, name)):
            if not KEY.fullmatch(getattr(settings, name).get_secret_value()):
                raise UserError(
                    f"{PREFIX}{name.upper()} holds a blank, a line end or a character that no key has. Set it anew."
                )
            _check_way(f"{PREFIX}{name.upper()}", f"{PREFIX}{server.upper()}_URL", getattr(settings, f"{server}_url"))


def _check_way(key: str, name: str, url: str | None) -> None:
    """A key goes where each city's own address leads, if no other is set; there it goes over https."""
    if url is None:
        return
    _check_url(name, url)
    if urlsplit(url).scheme == "http" and not is_loopback(url):
        raise UserError(f"{key} would travel unencrypted to {urlsplit(url).hostname}. Use an https address.")


def _check_url(name: str, url: str) -> None:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise UserError(f"{name} is not an address. It looks like https://host/path.") from None  # it may hold a key
    if parts.username or parts.password or parts.query or parts.fragment:
        raise UserError(f"{name} must not hold a user, a query or a fragment; a key goes into LI_PERF_AIS_KEY.")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        shown = "" if "@" in url else f"{url!r}, which is "  # it may hold a password
        raise UserError(f"{name} is {shown}not an http(s) address. It looks like https://host/path.")


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Path) else value
