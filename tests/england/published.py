"""Reading the synthetic tables back, by a route of its own."""

import csv
import io
from functools import cache

from pipeline.england import tables, world
from pipeline.england.layout import LAYOUTS

YEARS = {ks: [plan.year for plan in plans] for ks, plans in LAYOUTS.items()}
BOTH = [(ks, year) for ks, years in YEARS.items() for year in years]
SMALL = {"primary_schools": 150, "secondary_schools": 80}


@cache
def england(seed=7):
    return world.build(seed, **SMALL)


@cache
def files(key_stage, seed=7):
    return tables.download(england(seed), key_stage)


@cache
def rows(key_stage, year, seed=7):
    """Give every row as a dictionary, with its columns in capitals."""
    content = files(key_stage, seed)[year]
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252")
    header, *body = csv.reader(io.StringIO(text, newline=""))
    header = [name.upper() for name in header]
    return [dict(zip(header, row, strict=False)) for row in body]


def school_rows(key_stage, year):
    return [row for row in rows(key_stage, year) if row["RECTYPE"] in ("1", "2")]


def national_row(key_stage, year):
    record = {"ks2": "5", "ks4": "7"}[key_stage]
    return next(row for row in rows(key_stage, year) if row["RECTYPE"] == record)


def number(cell):
    """Read a cell as a number, or None where it is a code or empty."""
    text = (cell or "").strip().removesuffix("%")
    try:
        return float(text)
    except ValueError:
        return None


def place(key_stage):
    """Look up where a school stands in the arrays of the world, by URN."""
    urns = england().schools[key_stage].urn.tolist()
    return {str(urn): k for k, urn in enumerate(urns)}
