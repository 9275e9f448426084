"""What the figures do not show, in the words of the report."""

from __future__ import annotations

LIMITS: tuple[str, ...] = (
    "Who reports: a request is made where somebody calls. Neighbourhoods, languages and kinds of fault differ in "
    "how often they are reported, so these figures describe requests, and not the condition of buildings.",
    "Proactive inspections: L&I also finds violations on its own rounds, through permits and licences, and on the "
    "word of other agencies. A violation at a parcel may have nothing to do with a request made there.",
    "Co-occurrence is not causation: apart from L0, a match says that a violation is dated at the same parcel in "
    "the stated days, and not that the request led to it. B shows how often that happens before a request, E what "
    "is left beyond it, and M6 credits each case to one request only; no window makes matching by parcel exact.",
    "Condominiums and buildings of many units: one address may have many accounts, or one account many homes. Where "
    "a request names no unit, any violation in the building counts, and a large building nearly always has one; "
    "such requests are shown apart.",
    "Accounts that change: the property account recorded on a violation is not always the same from one day to the "
    "next, and about one violation in a hundred has none. A match holds for the accounts as they were when the data "
    "were extracted.",
    "Open is a snapshot: the share that is open is that of the day of extraction and falls with every day after it. "
    "A closed request is not always an inspected one, and an open case is a different thing from an open request.",
    "Look-ups that failed are unknown, and are never counted as addresses without a parcel. Shares of all requests "
    "are too low by what those requests would have matched.",
    "Requests at one parcel are not independent, and many parcels have several. Wilson's interval treats them as if "
    "they were; the interval by parcel does not, and is the one to trust.",
)
