"""The tables of a city's file, and what is precious in it.

Precious, migrated: run, download, page (bronze), lookup (answers), audit, fetch, tally, pulse. Rebuilt at will:
ticket, complaint, violation, match, measurement, metric, rolling, reject.
"""

from __future__ import annotations

from sqlalchemy import Column, Float, Index, Integer, LargeBinary, MetaData, Table, Text, UniqueConstraint

APPLICATION_ID = 0x4C495046  # "LIPF", so that a foreign SQLite file is recognised

metadata = MetaData()

run = Table(
    "run",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("city", Text, nullable=False),
    Column("since", Text, nullable=False),
    Column("until", Text, nullable=False),
    Column("settings", Text, nullable=False),  # JSON: what must not differ on resume, and what was in force
    Column("version", Text, nullable=False),
    Column("started_at", Text, nullable=False),
    Column("extracted_at", Text),
    Column("boundary_gained", Integer),  # rows that a UTC year boundary would bring in
    Column("finished_at", Text),
    Column("manifest", Text),  # JSON
    Column("prefill", Text),  # JSON: what became of the first pass over the City's own pairs; null before its end
    Column(
        "cleaned_at", Text
    ),  # when `ticket` and `complaint` were made of its pages; null where they are another run's
)

download = Table(
    "download",
    metadata,
    Column("run_id", Integer, primary_key=True),
    Column("dataset", Text, primary_key=True),
    Column("columns", Text, nullable=False),  # JSON list
    Column("missing", Text, nullable=False),  # JSON list
    Column("query", Text, nullable=False),
    Column("counted_before", Integer),
    Column("counted_after", Integer),
    Column("restarts", Integer, nullable=False),
    Column("finished_at", Text),
    Column("newest", Text),  # the newest change when it began, as the portal writes it: where the next one goes on
)

page = Table(
    "page",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("run_id", Integer, nullable=False),
    Column("dataset", Text, nullable=False),
    Column("request", Text, nullable=False),  # the statement that fetched it
    Column("next_request", Text),  # the cursor of the download: null behind the last page
    Column("row_count", Integer, nullable=False),
    Column("fetched_at", Text, nullable=False),
    Column("sha256", Text, nullable=False),  # of the body as received
    Column("body", LargeBinary, nullable=False),  # zlib
    Index("page_of_download", "run_id", "dataset", "id"),
)

lookup = Table(
    "lookup",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("question", Text, nullable=False, unique=True),
    Column("state", Text, nullable=False),
    Column("outcome", Text),
    Column("accounts", Text),  # JSON list of text
    Column("match_type", Text),
    Column("attempts", Integer, nullable=False),
    Column("reason", Text),
    Column("answered_at", Text),
    Column("source", Text),
    Column("status", Integer),
    Column("body", LargeBinary),  # the answer as received: zlib with a dictionary
    Column("sha256", Text),  # of question, status and answer; null in rows of before version 2
    Index("lookup_state", "state", "id"),
)

audit = Table(  # the sample of a run whose pre-filled account is compared with the address service's
    "audit",
    metadata,
    Column("run_id", Integer, primary_key=True),
    Column("question", Text, primary_key=True),
    Column("account", Text, nullable=False),
)

fetch = Table(  # what the second server is asked about: accounts and cases of one run
    "fetch",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("run_id", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("reason", Text),
    UniqueConstraint("run_id", "kind", "value"),
    Index("fetch_state", "run_id", "kind", "state", "id"),
)

pulse = Table(  # how a run at work asks its servers, as of a few seconds ago
    "pulse",
    metadata,
    Column("server", Text, primary_key=True),
    Column("run_id", Integer, nullable=False),
    Column("at", Text, nullable=False),
    Column("vitals", Text, nullable=False),  # JSON
)

tally = Table(  # wire requests of a run by server and outcome
    "tally",
    metadata,
    Column("run_id", Integer, primary_key=True),
    Column("server", Text, primary_key=True),
    Column("outcome", Text, primary_key=True),
    Column("requests", Integer, nullable=False),
)

ticket = Table(
    "ticket",
    metadata,
    Column("service_request_id", Text, primary_key=True),
    Column("status", Text, nullable=False),
    Column("is_open", Integer, nullable=False),
    Column("requested_at", Text, nullable=False),
    Column("requested_on", Text, nullable=False),
    Column("updated_at", Text),
    Column("closed_at", Text),
    Column("closed_on", Text),
    Column("agency_responsible", Text),
    Column("service_name", Text),
    Column("service_type", Text),
    Column("address", Text),
    Column("zipcode", Text),
    Column("lon", Float),
    Column("lat", Float),
    Column("question", Text),
    Column("address_outcome", Text),
    Column("accounts", Text),  # JSON list of text
    Column("match_type", Text),
    Column("is_building_level", Integer),
    Index("ticket_question", "question"),
)

complaint = Table(
    "complaint",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("complaintnumber", Text),
    Column("casenumber", Text),
    Column("service_request_id", Text),
    Column("complaint_on", Text),
    Column("initialinvestigation_on", Text),
    Column("opa_account_num", Text),
    Index("complaint_request", "service_request_id"),
)

violation = Table(
    "violation",
    metadata,
    Column("violation_id", Integer, primary_key=True),
    Column("violationnumber", Text, nullable=False),
    Column("casenumber", Text),
    Column("opa_account_num", Text),
    Column("violation_on", Text),
    Column("violationcode", Text),
    Column("violationcodetitle", Text),
    Column("violationstatus", Text),
    Column("casestatus", Text),
    Column("caseprioritydesc", Text),
    Column("casecreated_at", Text),
    Column("address", Text),
    Column("family", Text),
    Index("violation_account", "opa_account_num"),
)

match = Table(
    "match",
    metadata,
    Column("service_request_id", Text, nullable=False),
    Column("violation_id", Integer, nullable=False),
    Column("violationnumber", Text, nullable=False),
    Column("casenumber", Text),
    Column("lag_days", Integer),
    Column("family", Text),
    Column("is_l0", Integer, nullable=False),
    Column("is_m1", Integer, nullable=False),
    Column("is_m2", Integer, nullable=False),
    Column("is_m3", Integer, nullable=False),
    Column("is_m4", Integer, nullable=False),
    Column("is_m5", Integer, nullable=False),
    Column("is_m6", Integer, nullable=False),
    Column("is_background", Integer, nullable=False),
    Index("match_request", "service_request_id"),
)

measurement = Table(  # one row: what the metrics are of
    "measurement",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("as_of", Text, nullable=False),  # when the newest download ended, UTC
    Column("requests", Integer, nullable=False),
    Column("made_at", Text, nullable=False),
)

metric = Table(  # a number: one measure of one group in one period
    "metric",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("period", Text, nullable=False),
    Column("starts_on", Text),  # null for the period "all"
    Column("level", Text, nullable=False),
    Column("area", Text),  # null for all areas; empty for requests that name none
    Column("type", Text),
    Column("value", Float),  # null where nothing can be measured
    Column("n", Integer, nullable=False),
    Column("excluded", Text),  # JSON: reason -> requests, of the volume; null for none
    Index("metric_of_group", "period", "level", "name", "area", "type", "starts_on"),
)

rolling = Table(  # requests of a type on a day, and on it and the six before; only days with a request
    "rolling",
    metadata,
    Column("type", Text, primary_key=True),
    Column("day", Text, primary_key=True),
    Column("volume", Integer, nullable=False),
    Column("volume_7d", Integer, nullable=False),
)

reject = Table(
    "reject",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("dataset", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("row", Text, nullable=False),
)
