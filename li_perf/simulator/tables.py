"""The City's tables in DuckDB: columns and types, loaded once, read through views that faults can change."""

from __future__ import annotations

from typing import Any

import duckdb

from li_perf.simulator.city import SimulatedCity
from li_perf.simulator.faults import Faults

_REQUESTS = """
cartodb_id:integer the_geom the_geom_webmercator objectid:integer service_request_id:integer subject status status_notes
service_name service_code agency_responsible service_notice requested_datetime:timestamptz updated_datetime:timestamptz
expected_datetime:timestamptz closed_datetime:timestamptz address zipcode media_url lat:double lon:double service_type
"""
_VIOLATIONS = """
cartodb_id:integer the_geom the_geom_webmercator objectid:integer addressobjectid parcel_id_num casenumber
casecreateddate:timestamptz casecompleteddate:timestamptz casetype casestatus caseresponsibility caseprioritydesc
violationnumber violationdate:timestamptz violationcode violationcodetitle violationstatus
violationresolutiondate:timestamptz violationresolutioncode mostrecentinvestigation:timestamptz opa_account_num
address unit_type unit_num zip censustract council_district opa_owner systemofrecord geocode_x:double geocode_y:double
posse_jobid underappeal publicnov
"""
_COMPLAINTS = """
cartodb_id:integer the_geom the_geom_webmercator objectid:integer complaintnumber casenumber complaintcode
complaintcodename complaintdate:timestamptz complaintstatus casestatus initialinvestigation_date:timestamptz
complaintresolution_date:timestamptz opa_account_num address unitresponsible ticket_num_311
"""
_PROPERTIES = """
cartodb_id:integer the_geom the_geom_webmercator objectid:integer parcel_number location unit zip_code owner_1 owner_2
category_code category_code_description market_value:integer pin:bigint
"""


def _columns(text: str) -> dict[str, str]:
    pairs = (word.partition(":") for word in text.split())
    return {name: kind or "varchar" for name, _, kind in pairs}


REQUESTS = "public_cases_fc"
PROPERTIES = "opa_properties_public"
COLUMNS = {
    REQUESTS: _columns(_REQUESTS),
    "violations": _columns(_VIOLATIONS),
    "complaints": _columns(_COMPLAINTS),
    PROPERTIES: _columns(_PROPERTIES),
}
# Another account of nine digits, for a share of the rows that the seed decides.
_LIE = """
case when hash(parcel_number || '{seed}') % 1000000 < {millionths}
then lpad(cast((cast(parcel_number as bigint) + 500000000) % 1000000000 as varchar), 9, '0') else parcel_number end
as parcel_number
"""
# Renumbered like a table that is loaded anew each night, and one request richer.
_SWAP = f"""
begin;
update base.{REQUESTS} set cartodb_id = n.fresh
from (select service_request_id, row_number() over (order by hash(service_request_id)) as fresh from base.{REQUESTS}) n
where n.service_request_id = base.{REQUESTS}.service_request_id;
insert into base.{REQUESTS}
select p.* replace (t.top + 1 as cartodb_id, t.id + 1 as service_request_id)
from base.{REQUESTS} p, (select max(cartodb_id) as top, max(service_request_id) as id from base.{REQUESTS}) t
where agency_responsible = 'License & Inspections' order by requested_datetime limit 1 offset 9;
commit;
"""


def open_tables(city: SimulatedCity) -> duckdb.DuckDBPyConnection:
    """An in-memory database that can read nothing else, its settings locked."""
    connection = duckdb.connect(":memory:")
    connection.execute("set timezone = 'UTC'; set threads = 2; create schema base")
    rows = {
        REQUESTS: city.requests,
        "violations": city.violations,
        "complaints": city.complaints,
        PROPERTIES: city.properties,
    }
    for table, columns in COLUMNS.items():
        _load(connection, table, columns, rows[table])
    show(connection, Faults())
    connection.execute("set enable_external_access = false; set lock_configuration = true")
    return connection


def _load(
    connection: duckdb.DuckDBPyConnection, table: str, columns: dict[str, str], rows: list[dict[str, Any]]
) -> None:
    """One list a column: a hundred times faster than a statement a row."""
    connection.execute(f"create table base.{table} ({', '.join(f'{name} {kind}' for name, kind in columns.items())})")
    plain = {kind: "varchar" if kind == "timestamptz" else kind for kind in columns.values()}
    values = ", ".join(f"unnest(cast(? as {plain[kind]}[]))" for kind in columns.values())
    if rows:
        connection.execute(
            f"insert into base.{table} select {values}", [[row[name] for row in rows] for name in columns]
        )


def show(connection: duckdb.DuckDBPyConnection, faults: Faults) -> None:
    """The tables as clients see them; columns come and go: service_type came in June 2026, objectid went in August."""
    lie = _LIE.format(seed=faults.seed, millionths=round(faults.lie_share * 1_000_000))
    for table, columns in COLUMNS.items():
        names = [name for name in columns if name not in faults.drop_columns]
        names += [f"cast(null as varchar) as {_quoted(name)}" for name in sorted(faults.add_columns)]
        if table == PROPERTIES and faults.lie_share:
            names = [lie if name == "parcel_number" else name for name in names]
        connection.execute(f"create or replace view {table} as select {', '.join(names)} from base.{table}")
        if table in faults.drop_tables:
            connection.execute(f"drop view {table}")


def swap(connection: duckdb.DuckDBPyConnection) -> None:
    """The daily replacement: tables are loaded anew and renamed (CityOfPhiladelphia/databridge-etl-tools)."""
    connection.execute(_SWAP)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
