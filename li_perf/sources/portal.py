"""What a download asks of any kind of portal: statements in the portal's own language, and what a reply to one says.

A statement is text, so that a page can be kept with the one that fetched it and the next one, the download's cursor.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol

import msgspec

from li_perf.wire import Reply, Request


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """What a reply holds: `rows` as they came, `columns` where the portal names them.

    `has_more` is what the portal says of rows behind these, None where it is silent; `most` rows at once is its limit.
    """

    rows: Sequence[Any] = ()
    columns: Sequence[str] = ()
    has_more: bool | None = None
    most: int | None = None


class Census(msgspec.Struct, frozen=True, kw_only=True):
    """How many rows there are, and the newest change among them as the portal writes it, None where it has no such."""

    count: int
    newest: str | None = None


class Portal(Protocol):
    """One table of one kind of portal: pure, a request in and a body out."""

    @property
    def title(self) -> str:
        """The kind of portal, for messages."""

    @property
    def table(self) -> str:
        """The data set's name on the portal, and in the store."""

    @property
    def key(self) -> tuple[str, ...]:
        """The columns by which pages are ordered; empty where a page is a window in time."""

    def request(self, statement: str) -> Request:
        """The call that asks a statement."""

    def read(self, reply: Reply) -> Page:
        """What came. Raises Denied where we may not read, else a Fault; TooHeavy where less must be asked at once."""

    def rows(self, body: bytes) -> list[Any]:
        """The rows of a page that was kept. Raises AssertionError for one that cannot be read any more."""

    def look(self) -> str:
        """What every healthy portal answers, and what names the table's columns."""

    def census(self, where: Sequence[str]) -> str | None:
        """Asks how many rows there are; None where the portal cannot say."""

    def counted(self, page: Page) -> Census:
        """What the answer to `census` says. Raises Garbled."""

    def opened(self, since: datetime, until: datetime) -> list[str]:
        """The conditions of the requests opened between two instants; `until` is exclusive."""

    def changed(self, newest: str) -> list[str] | None:
        """The conditions of the rows that came or changed since a census; None where the portal cannot tell."""

    def first(self, where: Sequence[str], columns: Sequence[str], *, size: int, look: Page) -> str:
        """The first page's statement; `look` is what the portal said of its table."""

    def following(self, statement: str, page: Page, *, where: Sequence[str], columns: Sequence[str]) -> str | None:
        """The statement behind this page, None behind the last. Raises Drifted where there is no way on.

        `where` and `columns` are those that `first` was given.
        """

    def halved(self, statement: str) -> str | None:
        """A statement for half as much, None where that cannot be."""

    def repeated(self, rows: Sequence[Any]) -> int:
        """With how many of these rows the next page begins."""
