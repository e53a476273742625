"""What clients ask of a search, and what they must not."""

from datetime import date, time

import pytest

from services.imaging.dicomweb.attributes import INSTANCE, SERIES, STUDY
from services.imaging.dicomweb.search.conditions import MOST_ROWS, read_query
from services.imaging.dicomweb.search.rows import needs_header
from services.imaging.queries.search_terms import Between, Name, Numbers, OneOf
from shared.errors import Unreadable


def test_ohif_s_study_list() -> None:
    query = read_query(
        STUDY,
        [
            ("limit", "101"),
            ("offset", "0"),
            ("fuzzymatching", "false"),
            ("includefield", "00081030,00080060,00080090,00100030"),
            ("PatientName", "*测*"),
            ("00100020", "*P0*"),
            ("StudyDate", "20261101-20261130"),
            ("ModalitiesInStudy", "CT\\MR"),
        ],
    )
    assert (query.search.limit, query.search.offset) == (101, 0)
    assert query.added == {"00081030", "00080060", "00080090", "00100030"}
    assert query.search.terms == {
        "PatientName": Name("*测*", fuzzy=False),
        "PatientID": OneOf(["*P0*"]),
        "StudyDate": Between(date(2026, 11, 1), date(2026, 11, 30)),
        "ModalitiesInStudy": OneOf(["CT", "MR"]),
    }
    assert query.unmatched == ()


@pytest.mark.parametrize(
    ("value", "term"),
    [
        ("20261121", Between(date(2026, 11, 21), date(2026, 11, 21))),
        ("2026-11-21", Between(date(2026, 11, 21), date(2026, 11, 21))),
        ("20261121-", Between(date(2026, 11, 21), None)),
        ("-20261121", Between(None, date(2026, 11, 21))),
    ],
)
def test_dates(value: str, term: Between) -> None:
    assert read_query(STUDY, [("StudyDate", value)]).search.terms == {"StudyDate": term}


@pytest.mark.parametrize(
    ("value", "term"),
    [
        ("10", Between(time(10), time(10, 59, 59, 999999))),
        ("1020", Between(time(10, 20), time(10, 20, 59, 999999))),
        ("102030.5", Between(time(10, 20, 30, 500000), time(10, 20, 30, 599999))),
        ("10:20-1130", Between(time(10, 20), time(11, 30, 59, 999999))),
    ],
)
def test_a_time_means_all_it_leaves_open(value: str, term: Between) -> None:
    assert read_query(STUDY, [("StudyTime", value)]).search.terms == {"StudyTime": term}


@pytest.mark.parametrize("separator", [",", "\\"])
def test_lists_of_uids(separator: str) -> None:
    query = read_query(SERIES, [("StudyInstanceUID", f"1.2{separator}1.3")])
    assert query.search.terms == {"StudyInstanceUID": OneOf(["1.2", "1.3"])}


def test_numbers_by_keyword_or_tag() -> None:
    assert read_query(INSTANCE, [("00200013", "7")]).search.terms == {"InstanceNumber": Numbers([7])}


def test_includefield_repeated_with_commas_and_all() -> None:
    query = read_query(STUDY, [("includefield", "PatientAge,00080080"), ("includefield", "all")])
    assert query.added == {"00101010", "00080080"} and query.adds_all


def test_an_empty_value_and_a_lone_star_match_everything() -> None:
    assert read_query(STUDY, [("PatientName", ""), ("AccessionNumber", "*")]).search.terms == {}


def test_what_is_not_matched_is_named() -> None:
    query = read_query(STUDY, [("Manufacturer", "X"), ("00400275.00400009", "1"), ("SOPInstanceUID", "1.2")])
    assert query.search.terms == {}
    assert query.unmatched == ("Manufacturer", "00400275.00400009", "SOPInstanceUID")


def test_the_limit_is_bounded() -> None:
    query = read_query(STUDY, [("limit", "999999999")])
    assert query.search.limit == MOST_ROWS[STUDY] and query.is_capped


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("limit", "-1"), ("limit", "x"), ("limit", "1e9"), ("offset", "99999999"), ("fuzzymatching", "yes"),
        ("StudyDate", "20261341"), ("StudyDate", "-"), ("StudyDate", "2026"), ("StudyTime", "2561"), ("StudyTime", "x"),
        ("includefield", "NoSuchField"), ("NoSuchAttribute", "1"), ("AccessionNumber", "x" * 300),
        ("StudyInstanceUID", ",".join(["1.2"] * 501)), ("StudyInstanceUID", ","),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_a_400(name: str, value: str) -> None:
    with pytest.raises(Unreadable) as error:
        read_query(STUDY, [(name, value)])
    assert error.value.code == "bad_parameter"


def test_a_number_that_is_none_is_a_400() -> None:
    with pytest.raises(Unreadable):
        read_query(SERIES, [("SeriesNumber", "one")])


def test_what_every_answer_has_is_not_looked_for_in_headers() -> None:
    """OHIF's list of studies and of series: a header read for each row took more than all else."""
    asked = read_query(STUDY, [("includefield", "00081030,00080060,00080090,00100030")])
    assert not needs_header(STUDY, asked)
    assert not needs_header(SERIES, read_query(SERIES, [("includefield", "0008103E,StationName,Laterality")]))
    assert needs_header(STUDY, read_query(STUDY, [("includefield", "PatientAge")]))
    assert needs_header(SERIES, read_query(SERIES, [("includefield", "all")]))
