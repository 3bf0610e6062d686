"""Reading the synthetic files back, by a route of its own."""

import csv
import io
from functools import cache

from pipeline.england import tables, world
from pipeline.england.layout import LAYOUTS

YEARS = {ks: [plan.year for plan in plans] for ks, plans in LAYOUTS.items()}
EVERY = [(ks, year) for ks, years in YEARS.items() for year in years]
SMALL = {"primary_schools": 150, "secondary_schools": 80}


@cache
def england(seed=7):
    return world.build(seed, **SMALL)


@cache
def files(key_stage, seed=7):
    return dict(tables.download(england(seed), key_stage))


def text_of(content):
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252")


def table(content):
    """Give every row of a file as a dictionary, with its columns in capitals."""
    header, *body = csv.reader(io.StringIO(text_of(content), newline=""))
    header = [name.upper() for name in header]
    return [dict(zip(header, row, strict=False)) for row in body]


def header_of(content):
    """Give the names of all columns, in capitals: rows may stop short of them."""
    return text_of(content).splitlines()[0].upper().split(",")


@cache
def rows(key_stage, year, seed=7):
    return table(files(key_stage, seed)[year])


def school_rows(key_stage, year):
    records = ("1", "3") if key_stage == "ks5" else ("1", "2")
    return [row for row in rows(key_stage, year) if row["RECTYPE"] in records]


def national_row(key_stage, year):
    record = {"ks2": "5", "ks4": "7", "ks5": "7"}[key_stage]
    return next(row for row in rows(key_stage, year) if row["RECTYPE"] == record)


def number(cell):
    """Read a cell as a number, or None where it is a code or empty."""
    text = (cell or "").strip().removesuffix("%")
    try:
        return float(text)
    except ValueError:
        return None


def place(key_stage, year):
    """Look up where a school stands in the arrays of the world, by that year's number."""
    urns = england().schools[key_stage].numbers(year).tolist()
    return {str(urn): k for k, urn in enumerate(urns)}
