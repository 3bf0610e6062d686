"""Regions, local authorities, districts and wards of the synthetic England."""

from dataclasses import dataclass

import numpy as np

from pipeline.england import names
from pipeline.england.arrays import Counts, Numbers
from pipeline.england.calibration import REGIONS
from pipeline.measures.measure import KeyStage

# SOURCE: la_and_region_codes_meta.csv has no code from 400 to 440 but 420, the Isles of
# Scilly. So there are at most 40 authorities, where England has 152: they are larger.
AUTHORITY_CODES = tuple(code for code in range(400, 441) if code != 420)
NEIGHBOURS = 5
"""Schools of one key stage in a neighbourhood: a ward's primary schools, a district's
secondary schools."""


@dataclass(frozen=True)
class Country:
    """Where a school can lie."""

    authorities: dict[int, str]
    """Name by code."""
    region: dict[int, int]
    """Place of the authority's region in `REGIONS`, by code."""
    districts: int
    """Districts in each authority."""
    wards: int
    """Wards in each district."""

    def chances(self, key_stage: KeyStage) -> Numbers:
        """Give the chance of a school to lie in each authority.

        A region has its real share of the schools, and its authorities share it.
        """
        region = np.array(list(self.region.values()))
        schools = np.array([r.schools[key_stage] for r in REGIONS], dtype=float)
        weight = schools[region] / np.bincount(region, minlength=len(REGIONS))[region]
        return np.asarray(weight / weight.sum(), dtype=np.float64)

    def regions_of(self, authority: Counts) -> Counts:
        """Give the region of each of these authorities."""
        codes = np.array(list(self.region))
        region = np.array(list(self.region.values()), dtype=np.int64)
        return region[np.searchsorted(codes, authority)]


def draw(places: list[str], *, primary_schools: int, secondary_schools: int) -> Country:
    """Lay out a country for so many schools: 40 authorities in one of the usual size.

    Each region has authorities in proportion to its schools; a small country lacks some
    regions. The first places name the authorities.
    """
    total = primary_schools + secondary_schools
    count = int(np.clip(total // 40, 6, len(AUTHORITY_CODES)))
    codes = AUTHORITY_CODES[:count]
    schools = np.array([region.schools["ks4"] for region in REGIONS], dtype=float)
    parts = np.cumsum(schools) / schools.sum() * count
    ends = np.round(parts).astype(int)
    regions = np.searchsorted(ends, np.arange(count), side="right")
    districts = max(1, round(secondary_schools / count / NEIGHBOURS))
    return Country(
        authorities={
            code: names.authority_name(place)
            for code, place in zip(codes, places[:count], strict=True)
        },
        region=dict(zip(codes, regions.tolist(), strict=True)),
        districts=districts,
        wards=max(1, round(primary_schools / count / districts / NEIGHBOURS)),
    )
