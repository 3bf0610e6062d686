import json

import pytest

from pipeline.evidence import facts as evidence
from pipeline.evidence.facts import QUANTITIES

KS4 = "2018-2019/england_ks4final.csv"


@pytest.fixture
def collected(project, school):
    """Partners 4 and 6, the rest 1 and 3, with 10 pupils each."""
    values = {100001: 4, 100002: 6, 100003: 1, 100004: 3}
    rows = [school(urn, P8MEA=v, P8PUP=10) for urn, v in values.items()]
    project.download(KS4, rows)
    project.register("100001,,2015-09-01,,", "100002,,2015-09-01,,")
    facts = evidence.collect(project.compare(), confidence_level=0.95)
    return {fact.id: fact for fact in facts}


def test_an_id_names_stage_measure_group_year_and_quantity(fact):
    found = fact(group="disadvantaged")
    assert found.id == "ks4.progress_8.disadvantaged.2019.gap"


def test_partners_rest_and_gap_are_three_facts(collected):
    values = [collected[f"ks4.progress_8.all.2019.{q}"].value for q in QUANTITIES]
    assert values == [5, 2, 3]


def test_each_fact_counts_its_own_schools_and_pupils(collected):
    found = [collected[f"ks4.progress_8.all.2019.{q}"] for q in QUANTITIES]
    assert [f.schools for f in found] == [2, 2, 4]
    assert [f.pupils for f in found] == [20, 20, 40]


def test_each_fact_names_the_file_and_how_many_of_its_rows_it_used(collected):
    found = [collected[f"ks4.progress_8.all.2019.{q}"] for q in QUANTITIES]
    assert [[(s.file, s.rows) for s in f.sources] for f in found] == [
        [(KS4, 2)],
        [(KS4, 2)],
        [(KS4, 4)],
    ]
    assert all(len(s.sha256) == 64 for f in found for s in f.sources)


def test_every_measure_group_and_year_has_its_three_facts(collected):
    assert len(collected) == (16 * 2 - 1) * 1 * 3  # one measure is of all pupils only
    assert all((f.value is None) == (f.reason is not None) for f in collected.values())


def test_a_fact_without_value_is_null_with_a_reason_and_no_error(collected):
    record = collected["ks2.rwm_expected.all.2019.gap"].as_record()
    assert record["value"] is None
    assert record["low"] is None
    assert record["reason"].startswith("not supplied")
    assert record["sources"] == []
    assert record["interval"] == "none"


def test_only_a_gap_has_the_departments_convention(collected):
    gap = collected["ks4.progress_8.all.2019.gap"]
    assert gap.convention.low < 3 < gap.convention.high
    assert collected["ks4.progress_8.all.2019.partners"].convention is None


def test_the_interval_says_how_it_was_made(collected):
    said = collected["ks4.progress_8.all.2019.gap"].interval
    assert said == "95% confidence interval, cluster-robust, partners clustered by school"


def test_records_hold_what_machines_are_promised(collected):
    for fact in collected.values():
        record = fact.as_record()
        assert {
            "id", "value", "low", "high", "unit", "schools", "pupils", "interval", "sources"
        } <= set(record)  # fmt: skip
        assert json.loads(json.dumps(record)) == record


def test_a_cell_on_too_few_pupils_withholds_partners_rest_and_gap(project, school):
    rows = [school(100001, P8MEA=1, P8PUP=5)]
    rows += [school(100000 + n, P8MEA=0, P8PUP=100) for n in range(2, 5)]
    project.download(KS4, rows)
    project.register("100001,,2015-09-01,,")
    facts = evidence.collect(project.compare(), confidence_level=0.95)
    withheld = [f for f in facts if (f.measure, f.group) == ("progress_8", "all")]
    assert [f.quantity for f in withheld] == ["partners", "rest", "gap"]
    for fact in withheld:
        record = fact.as_record()
        assert record["reason"].startswith("suppressed")
        for name in ("value", "low", "high", "schools", "pupils"):
            assert record[name] is None
        assert record["sources"] == []


def test_a_label_says_measure_and_pupils(fact):
    assert fact(group="disadvantaged").label == "Progress 8, disadvantaged pupils"


def test_a_gap_has_the_interval_by_cr3_and_why_there_are_no_random_sets(collected):
    record = collected["ks4.progress_8.all.2019.gap"].as_record()
    assert record["cr3_low"] < record["low"] < 3 < record["high"] < record["cr3_high"]
    assert record["randomisation_p"] is None
    assert record["randomisation_reason"].endswith("make fewer than 40 sets")
    assert "cr3_low" not in collected["ks4.progress_8.all.2019.rest"].as_record()
