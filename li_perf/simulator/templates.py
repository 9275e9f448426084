"""The 98 properties of an AIS address, in the order in which the City's program serves them."""

from __future__ import annotations

from typing import Any

from li_perf.simulator.addresses import Crossing, House, Match
from li_perf.simulator.streets import Street

_TEXT = """
street_address base_address address_low address_low_suffix address_low_frac address_high
street_predir street_name street_suffix street_postdir unit_type unit_num floor street_full street_code seg_id
zip_code zip_4 usps_bldgfirm usps_type election_block_id election_precinct
pwd_parcel_id dor_parcel_id li_address_key eclipse_location_id bin li_parcel_id zoning_document_ids pwd_account_nums
opa_account_num opa_owners opa_address
center_city_district cua_zone li_district philly_rising_area
census_tract_2010 census_block_group_2010 census_block_2010
census_tract_2020 census_block_group_2020 census_block_2020
council_district_2016 council_district_2024 political_ward political_division
state_house_rep_2012 state_house_rep_2022 state_senate_2012 state_senate_2022
us_congressional_2012 us_congressional_2018 us_congressional_2022
planning_district elementary_school middle_school high_school
zoning zoning_rco commercial_corridor historic_district historic_site
police_division police_district police_service_area
rubbish_recycle_day secondary_rubbish_day recycling_diversion_rate
leaf_collection_area sanitation_area sanitation_district sanitation_convenience_center clean_philly_block_captain
historic_street highway_district highway_section highway_subsection
traffic_district traffic_pm_district street_light_route lane_closure
pwd_maint_district pwd_pressure_district pwd_treatment_plant pwd_water_plate pwd_center_city_district
major_phila_watershed neighborhood_advisory_committee ppr_friends engine_local ladder_local
tobacco_retailer_permit_capped tobacco_free_school_zones
h3_hex_grid_r7 h3_hex_grid_r8 h3_hex_grid_r9 h3_hex_grid_r10
"""
_NAMES_FOUND = _TEXT.split()
_FIRST_AREA = _NAMES_FOUND.index("center_city_district")
# An estimated address lists its service areas in the order of the alphabet (seen in the City's program).
_NAMES_ESTIMATED = _NAMES_FOUND[:_FIRST_AREA] + sorted(_NAMES_FOUND[_FIRST_AREA:])

FOUND: dict[str, Any] = dict.fromkeys(_NAMES_FOUND, "") | {
    "zoning_document_ids": [],
    "pwd_account_nums": [],
    "recycling_diversion_rate": 0.1,
    "rubbish_recycle_day": "MON",
    "zoning": "RSA-5",
    "li_district": "NORTH",
    "planning_district": "Lower North",
    "council_district_2024": "5",
    "police_district": "22",
}
ESTIMATED: dict[str, Any] = dict.fromkeys(_NAMES_ESTIMATED) | {
    "pwd_parcel_id": "",
    "dor_parcel_id": "",
    "li_address_key": "",
    "eclipse_location_id": "",
    "bin": "",
    "li_parcel_id": "",
    "zoning_document_ids": [],
    "pwd_account_nums": [],
    "council_district_2024": "5",
}


def feature(of: Match | Crossing) -> dict[str, Any]:
    """The GeoJSON feature, with its keys in the City's order (an intersection's differ)."""
    return _crossing(of) if isinstance(of, Crossing) else _address(of)


def _address(match: Match) -> dict[str, Any]:
    estimated = match.match_type == "unmatched"
    return {
        "type": "Feature",
        "ais_feature_type": "address",
        "match_type": match.match_type,
        "properties": _estimated(match.house) if estimated else _found(match.house),
        "geometry": {
            "geocode_type": "full_range" if estimated else "pwd_parcel",
            "type": "Point",
            "coordinates": [match.house.lon, match.house.lat],
        },
    }


def _found(house: House) -> dict[str, Any]:
    street, key = house.street, house.street.index * 10_000 + house.low
    return FOUND | {
        "street_address": house.text,
        "base_address": house.base,
        "address_low": house.low,
        "address_low_suffix": house.low_suffix,
        "address_high": house.high,
        "street_predir": street.predir,
        "street_name": street.name,
        "street_suffix": street.suffix,
        "unit_type": house.unit_type,
        "unit_num": house.unit_num,
        "street_full": street.full,
        "street_code": street.code,
        "seg_id": 400_000 + street.index * 100 + house.low // 100,
        "zip_code": house.zip_code,
        "pwd_parcel_id": str(key),
        "dor_parcel_id": f"{street.index:03d}N{key:06d}"[:10],
        "li_address_key": str(key + 7),
        "bin": str(1_000_000 + key),
        "opa_account_num": house.account,
        "opa_owners": [house.owner] if house.account else [],
        "opa_address": (house.opa_address or house.base) if house.account else "",
    }


def _estimated(house: House) -> dict[str, Any]:
    street = house.street
    return ESTIMATED | {
        "street_address": house.text,
        "base_address": house.base,
        "address_low": house.low,
        "street_predir": street.predir,
        "street_name": street.name,
        "street_suffix": street.suffix,
        "street_full": street.full,
        "street_code": str(street.code),
        "seg_id": str(400_000 + street.index * 100 + house.low // 100),
        "zip_code": house.zip_code,
        "opa_account_num": "",
        "opa_owners": [],
        "opa_address": "",
    }


def _crossing(crossing: Crossing) -> dict[str, Any]:
    first, second = crossing.streets
    return {
        "type": "Feature",
        "ais_feature_type": "intersection",
        "match_type": "exact",
        "street_address": crossing.text,
        "properties": {"int_id": crossing.int_id, "street_1": _side(first), "street_2": _side(second)},
        "geometry": {"type": "Point", "coordinates": [crossing.lon, crossing.lat], "geocode_type": "intersection"},
    }


def _side(street: Street) -> dict[str, str]:
    return {
        "street_code": str(street.code),
        "street_full": street.full,
        "street_name": street.name,
        "street_predir": street.predir,
        "street_postdir": "",
        "street_suffix": street.suffix,
    }
