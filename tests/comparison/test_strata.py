"""Which schools could have been members in place of each other."""

import numpy as np
import pandas as pd
import pytest

from pipeline.comparison.strata import strata_of, why_no_randomisation

pytestmark = pytest.mark.usefixtures("project")


def schools(*places, pupils=None):
    sizes = [100] * len(places) if pupils is None else pupils
    return pd.DataFrame({"local_authority": places, "pupils": sizes})


def test_a_stratum_is_a_region_and_a_third_of_size():
    found = strata_of(schools("850", "850", "850", pupils=[10, 20, 30]))
    assert found.tolist() == [f"South East, size {n}" for n in (0, 1, 2)]


def test_authorities_of_one_region_are_together():
    # Hampshire and Surrey are in the South East, Camden in London.
    hampshire, surrey, camden = strata_of(schools("850", "936", "202"))
    assert hampshire == surrey != camden


def test_authorities_that_no_list_knows_are_one_region():
    assert len(set(strata_of(schools("400", "499", "000")))) == 1


def why(members, others, strata=None, draws=99):
    size = members + others
    labels = np.zeros(size, object) if strata is None else np.array(strata, object)
    return why_no_randomisation(
        np.arange(size) < members, labels, draws=draws, confidence_level=0.95
    )


def test_forty_sets_are_enough_to_find_a_difference_at_95_per_cent():
    assert why(1, 39) is None
    assert why(1, 38) == "schools of such regions and sizes make fewer than 40 sets"


def test_sets_multiply_over_strata():
    # Two of four in each of two strata: 6 x 6 = 36 sets; of five: 10 x 10.
    pattern = [0, 0, 1, 1]
    assert why(4, 4, strata=pattern + pattern) is not None
    assert why(4, 6, strata=[*pattern, *pattern, 0, 1]) is None


def test_a_run_without_draws_says_so():
    assert why(10, 100, draws=0) == "no random sets of schools were asked for"
