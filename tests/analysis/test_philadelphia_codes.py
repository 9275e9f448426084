from __future__ import annotations

import pytest

from li_perf.cities.philadelphia_codes import ALLOWED, LETTERS, TITLES, family


@pytest.mark.parametrize(
    ("code", "subject"),
    [
        ("PM15-302.4", "property_maintenance"),
        ("PM-302.4/1", "property_maintenance"),
        ("CP-303", "property_maintenance"),
        ("A-302.1/1", "permits"),
        ("B-3306.1", "building"),
        ("E-110.3", "electrical"),
        ("FC-13-907.3", "fire"),
        ("F-906.2", "fire"),
        ("M-401", "mechanical"),
        ("P-301", "plumbing"),
        ("R-105", "residential"),
        ("9-3902 (1)", "licenses"),
        ("14-704/1", "zoning"),
        ("10-710(1)(A)", "conduct"),
        ("03-306/1", "air"),
        (" pm15-108.1 ", "property_maintenance"),
    ],
)
def test_a_code_says_its_subject(code, subject):
    assert family(code) == subject


@pytest.mark.parametrize("code", [None, "", " ", "-", "X", "ZZ-1", "77-1", "9", "PM", "PERMIT", "(1)", "9 3902"])
def test_a_code_of_no_known_form_has_no_subject(code):
    assert family(code) is None


@pytest.mark.parametrize(
    "service",
    [
        "Maintenance Complaint",
        "Construction Complaints",
        "Dangerous Building Complaint",
        "License Complaint",
        "Fire Safety Complaint",
        "LI Escalation",
        "Zoning Business",
        "Zoning Residential",
        "Vacant House or Commercial",
    ],
)
def test_each_service_of_the_city_allows_some_subject(service):
    assert ALLOWED[service]


def test_only_subjects_that_a_code_can_have_are_allowed():
    possible = {*LETTERS.values(), *TITLES.values()}
    assert set().union(*ALLOWED.values()) == possible


def test_a_complaint_about_upkeep_does_not_allow_zoning():
    assert "zoning" not in ALLOWED["Maintenance Complaint"]
    assert "zoning" in ALLOWED["Zoning Residential"]
