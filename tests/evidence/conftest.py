"""One fact, with whatever a test wants to say about it."""

import pytest

from pipeline.evidence.facts import Fact
from pipeline.measures.catalogue import measure


def make_fact(value=0.1, low=None, high=None, **about):
    """Make a gap of Progress 8 of all pupils in 2018/19 unless told otherwise."""
    settings = {
        "key_stage": "ks4",
        "measure": "progress_8",
        "group": "all",
        "year": 2019,
        "quantity": "gap",
        "schools": 10,
        "pupils": 1000,
        "interval": "95% confidence interval",
        "reason": None if value is not None else "not supplied: no such file",
        "sources": (),
    } | about
    unit = measure(settings["key_stage"], settings["measure"]).unit
    return Fact(value=value, low=low, high=high, unit=unit, **settings)


@pytest.fixture(name="fact")
def fact_builder():
    """Make one fact: fact(0.1, 0.02, 0.2, year=2018)."""
    return make_fact
