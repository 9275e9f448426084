"""Bodies in the shape of AIS and Carto, written by hand so that making one costs a few microseconds."""

from __future__ import annotations

import json
import re
import zlib
from urllib.parse import unquote_to_bytes

# Names and order as the City's program serves them; the values are those of one ordinary house.
PROPERTIES = """
base_address=%ASKED%, address_low=1234, address_low_suffix=, address_low_frac=, address_high=, street_predir=,
street_name=MARKET, street_suffix=ST, street_postdir=, unit_type=, unit_num=, floor=, street_full=MARKET ST,
street_code=53560, seg_id=440394, zip_code=19107, zip_4=3721, usps_bldgfirm=, usps_type=S, election_block_id=05001234,
election_precinct=0529, pwd_parcel_id=542365, dor_parcel_id=001S07 0144, li_address_key=413205,
eclipse_location_id=554217908, bin=1001234, li_parcel_id=542365, opa_address=1234 MARKET ST, center_city_district=CCD,
cua_zone=CUA 05, li_district=CENTRAL EAST, philly_rising_area=, census_tract_2010=5, census_block_group_2010=1,
census_block_2010=1019, census_tract_2020=5, census_block_group_2020=1, census_block_2020=1014,
council_district_2016=1, council_district_2024=1, political_ward=05, political_division=0529,
state_house_rep_2012=182, state_house_rep_2022=182, state_senate_2012=1, state_senate_2022=1,
us_congressional_2012=1, us_congressional_2018=2, us_congressional_2022=3, planning_district=Central,
elementary_school=McCall; General George A.\\, School, middle_school=McCall; General George A.\\, School,
high_school=Franklin; Benjamin High School, zoning=CMX-5, zoning_rco=Center City Residents' Association|Crosstown,
commercial_corridor=Market East, historic_district=, historic_site=, police_division=CENTRAL, police_district=6,
police_service_area=062, rubbish_recycle_day=TUE, secondary_rubbish_day=, recycling_diversion_rate=0.071,
leaf_collection_area=, sanitation_area=5, sanitation_district=5I, sanitation_convenience_center=3033 S 63rd St,
clean_philly_block_captain=N, historic_street=No, highway_district=3, highway_section=3C, highway_subsection=,
traffic_district=1, traffic_pm_district=3106, street_light_route=, lane_closure=, pwd_maint_district=North,
pwd_pressure_district=Belmont Gravity, pwd_treatment_plant=Southeast, pwd_water_plate=1-E-1,
pwd_center_city_district=Center City District, major_phila_watershed=Delaware River,
neighborhood_advisory_committee=, ppr_friends=Philadelphia Parks & Recreation, engine_local=20, ladder_local=23,
tobacco_retailer_permit_capped=Yes, tobacco_free_school_zones=Hill-Freedman World Academy High School,
h3_hex_grid_r7=872a13412ffffff, h3_hex_grid_r8=882a134125fffff, h3_hex_grid_r9=892a1341243ffff,
h3_hex_grid_r10=8a2a1341242ffff
"""
ASKED, ACCOUNT = "%ASKED%", "%ACCOUNT%"
FIELD = re.compile(r"(\w+)=((?:\\,|[^,])*)")
NUMBER = re.compile(rb"[0-9]+")
PLAIN = re.compile(rb"[ !#-\[\]-~]*")  # what JSON writes as it is
ACCOUNTS = re.compile(rb"'([0-9]{9})'")
SELECT = re.compile(rb"\s*SELECT (.*?) FROM (\w+)", re.IGNORECASE | re.DOTALL)


def _template() -> list[bytes]:
    """AIS's answer, cut where the question and the account go: question, question, base address, address, account."""
    properties = {"street_address": ASKED}
    properties |= {name: value.strip().replace("\\,", ",") for name, value in FIELD.findall(PROPERTIES)}
    properties |= {"zoning_document_ids": [], "pwd_account_nums": []}
    properties |= {"opa_account_num": ACCOUNT, "opa_owners": ["1234 MARKET STREET LP"]}
    document = {
        "search_type": "address",
        "search_params": {},
        "query": ASKED,
        "normalized": [ASKED],
        "crs": {"type": "link", "properties": {"type": "proj4", "href": "http://spatialreference.org/ref/epsg/4326/"}},
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "ais_feature_type": "address",
                "match_type": "exact",
                "properties": properties,
                "geometry": {
                    "geocode_type": "pwd_parcel",
                    "type": "Point",
                    "coordinates": [-75.16097658476633, 39.951661655671955],
                },
            }
        ],
    }
    text = json.dumps(document).replace(ACCOUNT, ASKED)
    return text.encode().split(ASKED.encode())


PARTS = _template()


def account_of(question: bytes) -> bytes:
    """The account of a question, nine digits: its house number, so that no two questions share one."""
    number = NUMBER.match(question)
    value = int(number[0]) if number else zlib.crc32(question)
    return b"%09d" % (value % 1_000_000_000)


def ais(segment: bytes) -> tuple[bytes, bytes]:
    """The question in the last segment of a path, and AIS's answer to it."""
    question = unquote_to_bytes(segment)
    said = question if PLAIN.fullmatch(question) else json.dumps(question.decode(errors="replace"))[1:-1].encode()
    return question, said.join(PARTS[:-1]) + account_of(question) + PARTS[-1]


def carto(statement: bytes) -> tuple[list[bytes], bytes]:
    """The accounts that a statement asks for, and Carto's answer: none, one or two violations of each."""
    asked = ACCOUNTS.findall(statement)
    if statement[:20].upper().startswith(b"SELECT COUNT"):
        return asked, _answer([b'{"n": 0}'], [b"n"])
    names = _columns(statement)
    row = b"{" + b", ".join(b'"%s": %s' % (name, _value(name)) for name in names) + b"}"
    rows = [
        row.replace(b"%A", account).replace(b"%N", b"%d" % number)
        for account in asked
        for number in range(int(account) % 3)
    ]
    return asked, _answer(rows, names)


COLUMNS = (
    *(b"violationnumber", b"casenumber", b"opa_account_num", b"violationdate", b"violationcode"),
    *(b"violationcodetitle", b"violationstatus", b"violationresolutiondate", b"casestatus", b"caseprioritydesc"),
    *(b"casecreateddate", b"casetype", b"address", b"unit_type", b"unit_num"),
)
VALUES = {
    b"violationnumber": b'"VI-%A-%N"',
    b"casenumber": b'"CF-%A"',
    b"opa_account_num": b'"%A"',
    b"violationdate": b'"2025-03-04T05:00:00Z"',
    b"violationcode": b'"PM15-302.1"',
    b"violationcodetitle": b'"EXT A-CLEAN WEEDS\\/PLANTS"',
    b"violationstatus": b'"COMPLIED"',
    b"casestatus": b'"CLOSED"',
    b"caseprioritydesc": b'"STANDARD"',
    b"casecreateddate": b'"2025-03-03T14:11:00Z"',
    b"casetype": b'"NOTICE OF VIOLATION"',
    b"address": b'"1234 MARKET ST"',
}


def _columns(statement: bytes) -> list[bytes]:
    selected = SELECT.match(statement)
    if not selected or selected[1].strip() == b"*":
        return list(COLUMNS)
    return [name.strip() for name in selected[1].split(b",")]


def _value(name: bytes) -> bytes:
    return VALUES.get(name, b"null")


def _answer(rows: list[bytes], names: list[bytes]) -> bytes:
    fields = b", ".join(b'"%s": {"type": "string", "pgtype": "text"}' % name for name in names)
    form = b'{"rows": [%s], "time": 0.004, "fields": {%s}, "total_rows": %d}'
    return form % (b", ".join(rows), fields, len(rows))
