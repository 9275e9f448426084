"""What the answers of the City's address service have in common, which zlib need not write again in each (RFC 1950).

Kept answers cannot be read without it, byte by byte: it never changes.
"""

from __future__ import annotations

_NAMES = """
street_address base_address address_low address_low_suffix address_low_frac address_high street_predir street_name
street_suffix street_postdir unit_type unit_num floor street_full street_code seg_id zip_code zip_4 usps_bldgfirm
usps_type election_block_id election_precinct pwd_parcel_id dor_parcel_id li_address_key eclipse_location_id bin
li_parcel_id zoning_document_ids pwd_account_nums opa_account_num opa_owners opa_address center_city_district cua_zone
li_district philly_rising_area census_tract_2010 census_block_group_2010 census_block_2010 census_tract_2020
census_block_group_2020 census_block_2020 council_district_2016 council_district_2024 political_ward political_division
state_house_rep_2012 state_house_rep_2022 state_senate_2012 state_senate_2022 us_congressional_2012
us_congressional_2018 us_congressional_2022 planning_district elementary_school middle_school high_school zoning
zoning_rco commercial_corridor historic_district historic_site police_division police_district police_service_area
rubbish_recycle_day secondary_rubbish_day recycling_diversion_rate leaf_collection_area sanitation_area
sanitation_district sanitation_convenience_center clean_philly_block_captain historic_street highway_district
highway_section highway_subsection traffic_district traffic_pm_district street_light_route lane_closure
pwd_maint_district pwd_pressure_district pwd_treatment_plant pwd_water_plate pwd_center_city_district
major_phila_watershed neighborhood_advisory_committee ppr_friends engine_local ladder_local
tobacco_retailer_permit_capped tobacco_free_school_zones h3_hex_grid_r7 h3_hex_grid_r8 h3_hex_grid_r9 h3_hex_grid_r10
"""
_MISSING = """
{"status": 404, "error": "Not Found", "message": "Could not find any addresses matching query.",
 "details": {"query": "", "search_type": "address"}}
"""
_BEFORE = """
{"search_type": "address", "search_params": {}, "query": "", "normalized": ["
"], "crs": {"type": "link", "properties": {"type": "proj4",
 "href": "http://spatialreference.org/ref/epsg/4326/proj4/"}}, "page": 1, "page_count": 1, "page_size": 1,
 "total_size": 1, "type": "FeatureCollection", "features": [{"type": "Feature", "ais_feature_type": "address",
 "match_type": "exact", "properties": {
"""
_BEHIND = '}, "geometry": {"geocode_type": "pwd_parcel", "type": "Point", "coordinates": [-75.1, 39.9]}}]}'


def _written() -> bytes:
    names = ", ".join(f'"{name}": ""' for name in _NAMES.split())
    head = (_MISSING + _BEFORE).replace("\n", "")
    return (head + names + _BEHIND).encode()


WORDS = _written()
