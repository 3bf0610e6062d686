"""What the data-quality report says in words; every number in them is from the run."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from pipeline.contracts.quality import (
    AGREES,
    DIFFERS,
    EVERY_GROUP,
    FAULT,
    NOT_FIT,
    WITHHELD,
)
from pipeline.measures.catalogue import (
    KEY_STAGE_LABELS,
    MEASURES,
    academic_year,
    year_spans,
)
from pipeline.measures.measure import GROUP_LABELS, KeyStage
from pipeline.publication import areas
from pipeline.publication.quality_words import (
    KEY_STAGES,
    parted,
    records,
    share,
    suppressed,
)
from pipeline.quality.coherence import FEWER_THAN_ALL, MORE_THAN_ALL
from pipeline.quality.completeness import SIZES
from pipeline.quality.continuity import FEWEST_PUPILS, JUMP
from pipeline.quality.published_intervals import TARGET
from pipeline.run.parameters import Parameters

Tables = dict[str, pd.DataFrame]
Inventories = dict[KeyStage, dict[str, Any]]


@dataclass(frozen=True)
class Dimension:
    """One dimension of quality, and what this run shows of it."""

    title: str
    asks: str
    evidence: list[str]


def computed_again(parameters: Parameters) -> list[str]:
    """Say how totals are computed again, and what rounding and coverage can explain."""
    few = parameters.disclosure.suppress_pupils_up_to
    return [
        "Each published total is the mean over pupils of its schools: every school weighs "
        "by its pupils. The total of an authority and of state-funded England counts "
        "state-funded schools, special schools and colleges among them; that of all "
        "schools counts independent ones too. Where the number of pupils with a score is "
        "blank, all pupils are counted in its place, and the range allows for any number "
        "from half of them up.",
        "Rounding. The published total is right to half of its last digit. Roundings of "
        "schools are taken for independent, so that their mean is off by at most three of "
        "its standard deviations. Both together are the band that rounding explains.",
        "Coverage. Pupils whom no school\u2019s figure counts (suppressed, missing from "
        "the files, or in no school) can hold anything from the least to the most that "
        "the measure allows. A total that lies where this could put it is called "
        "explained, which means possible: it lies outside rounding, and nothing here proves "
        "that nothing else is wrong. What those pupils would average is shown where "
        "rounding leaves it clear. The share of pupils held is rounded down.",
        f"Withheld. No row is shown that {few} pupils or fewer could be worked out from: "
        "totals that lack as few pupils, or one suppressed school whose figure "
        "subtraction would tell, and the group beside them. For authorities the share of "
        "pupils is given in steps too wide to count pupils by, and nothing is said of the "
        "pupils who are left over.",
    ]


def intervals(tables: Tables) -> list[str]:
    """Say how intervals are computed again and what does not count towards the target."""
    found = tables["intervals"]
    apart = found[~found["in_target"]]
    said = [
        "The department\u2019s interval is value \u00b1 1.96 \u00d7 SD \u00f7 \u221apupils, "
        "with one national SD for every group of pupils. Value and bounds are each "
        "rounded: an interval is reproduced if some number of pupils that it may rest on "
        f"gives it to rounding. The target is {TARGET:.0%}. At key stage 2 pupils with a "
        "score are all pupils times the published coverage, a whole per cent."
    ]
    if len(apart):
        said.append(
            f"{int(apart['intervals'].sum()):,} intervals do not count: of key stage 2 "
            "groups the number of pupils with a score is not published, so that any "
            "number from half of the group up was allowed; and no one SD gives the bounds of "
            "value added at 16 to 18."
        )
    return said


def dimensions(
    tables: Tables,
    inventories: Inventories,
    parameters: Parameters,
) -> list[Dimension]:
    """Gather what the run shows of each dimension of the European and UK standards."""
    return [
        Dimension(
            "Relevance",
            "Do the files hold what an evaluation of school partnerships needs?",
            _relevance(tables, inventories),
        ),
        Dimension(
            "Accuracy and reliability",
            "How close are the figures to what they stand for?",
            _accuracy(tables, inventories, parameters),
        ),
        Dimension(
            "Timeliness and punctuality",
            "How recent are the figures?",
            _timeliness(inventories),
        ),
        Dimension(
            "Accessibility and clarity",
            "Can anyone find, read and reuse them?",
            [
                "Every table of this page stands beside it as CSV, and the headlines as "
                "results.json. The page needs no network and no script.",
                "What each measure is, in which years it is published and what it cannot "
                "say stands in reports/methods/measures.md; what each source is and whom "
                "it leaves out in data/cards/.",
                "The sources are under the Open Government Licence v3.0.",
            ],
        ),
        Dimension(
            "Coherence and comparability",
            "Do figures agree with each other, between groups, sources and years?",
            _coherence(tables, inventories),
        ),
    ]


def _relevance(tables: Tables, inventories: Inventories) -> list[str]:
    codes = tables["codes"]
    having = codes[codes["reason"].isna() & (codes["schools"] > 0)]
    measures = having[["key_stage", "measure"]].drop_duplicates()
    known = sum(len(listed) for listed in MEASURES.values())
    groups = [GROUP_LABELS[g] for g in GROUP_LABELS if g in set(having["group"])]
    said = [
        f"{len(measures)} of the {known} measures that this project reads have figures in "
        f"these files, for {len(groups)} of {len(GROUP_LABELS)} groups of pupils"
        + (f": {', '.join(groups)}." if groups else ".")
    ]
    for key_stage, inventory in inventories.items():
        by_state: dict[str, list[int]] = {}
        for year, entry in inventory["years"].items():
            said_of_it = entry.get("as", entry["state"])
            by_state.setdefault(said_of_it, []).append(int(year))
        order = sorted(by_state, key=lambda said: (said != "supplied", said))
        told = [f"{said} {year_spans(by_state[said])}" for said in order]
        said.append(f"{KEY_STAGE_LABELS[key_stage]}: {'; '.join(told)}.")
        held = {f["area"] for f in inventory["files"]}
        if held and "england" not in held:
            named = " and ".join(areas.name_of(area) for area in sorted(held))
            said.append(f"{KEY_STAGES[key_stage]} is that of {named} alone.")
    return said


def _accuracy(
    tables: Tables,
    inventories: Inventories,
    parameters: Parameters,
) -> list[str]:
    checks = tables["checks"]
    faults = checks[checks["weight"] == FAULT]
    return [
        "The tables count every pupil at the end of a key stage, so there is no sampling "
        "error. The department\u2019s intervals take the pupils of a school for a sample "
        "of what it might have taught: they are a convention, and printed as that.",
        f"All files are named {parameters.sources.release}: their content was not held "
        "against another release of the same year. Releases differ and are never mixed. "
        + _corrected(inventories),
        f"Of {int(faults['examined'].sum()):,} cases whose failure would be a fault, "
        f"{int(faults['failed'].sum()):,} failed.",
        *_missing(tables["missing"]),
    ]


def _corrected(inventories: Inventories) -> str:
    names = {
        entry["name"]: None
        for inventory in inventories.values()
        for entry in inventory.get("corrected", [])
        if entry["cells"]
    }
    if not names:
        return "No known error had to be corrected in the tables of results."
    return f"Corrected in the tables of results, as listed above: {'; '.join(names)}."


def _missing(missing: pd.DataFrame) -> list[str]:
    """Say how many figures are suppressed, and whether small groups lack them most."""
    if missing.empty:
        return []
    counts = missing[["cells", "missing", "suppressed", "undecided"]].sum()
    said = [
        f"Suppressed of the figures of state-funded mainstream schools: {suppressed(counts)}."
    ]
    if counts["undecided"]:
        said.append(
            f"{int(counts['undecided']):,} figures stand blank in files that hold no code "
            "of suppression: whether they were suppressed cannot be told."
        )
    by_size = missing.groupby("size")[["cells", "missing"]].sum()
    known = [size for size in SIZES[:-1] if size in by_size.index]
    if len(known) > 1:
        least, most = (records(by_size.loc[[size]])[0] for size in (known[0], known[-1]))
        said.append(
            f"Groups of {known[0]} pupils lack {share(least['missing'], least['cells'])} of "
            f"their figures, those of {known[-1]} {share(most['missing'], most['cells'])}: "
            "what is known of a group of pupils is known of schools with many of them."
            if least["missing"] / least["cells"] > most["missing"] / most["cells"]
            else "Small groups of pupils lack no more of their figures than large ones."
        )
    return said


def _timeliness(inventories: Inventories) -> list[str]:
    said = []
    for key_stage, inventory in inventories.items():
        years = sorted({f["year"] for f in inventory["files"]})
        latest = (
            f"the latest year supplied is {academic_year(years[-1])}"
            if years
            else ("no year was supplied")
        )
        said.append(f"{KEY_STAGES[key_stage]}: {latest}.")
    return [
        *said,
        "The files hold neither the day on which they were published nor that on which "
        "they were downloaded, so punctuality cannot be judged from them.",
    ]


def _coherence(tables: Tables, inventories: Inventories) -> list[str]:
    checks, moved = tables["checks"], tables["jumps"]
    held = checks[checks["about"] != "the file"]
    twice = sum(inventory["schools_in_two_files"] for inventory in inventories.values())
    said = [
        *_families(held),
        "No school stands in two files."
        if twice == 0
        else f"{twice:,} schools stand in two files, which say the same of them.",
        "Record types differ by key stage: the state-funded row of England is 5 at key "
        "stage 2 and 7 at key stages 4 and 5. Each is read by its own key stage\u2019s rule.",
    ]
    if len(moved):
        said.append(
            f"From year to year {int(moved['schools'].sum()):,} figures of schools with "
            f"{FEWEST_PUPILS} pupils or more were followed; {int(moved['jumps'].sum()):,} "
            f"moved by more than {JUMP:.0f} times the typical change."
        )
    for key_stage, inventory in inventories.items():
        years = {f["year"] for f in inventory["files"]}
        said += [
            f"{measure.label}, {academic_year(year)}: not comparable with the years "
            f"before, {why}."
            for measure in MEASURES[key_stage]
            for year, why in measure.breaks.items()
            if year in years and min(years) < year
        ]
    return said


def _families(held: pd.DataFrame) -> list[str]:
    """Say how groups agree with all pupils: their numbers, and their figures."""
    too_many, too_few = (
        held[held["check"].str.endswith(end)] for end in (MORE_THAN_ALL, FEWER_THAN_ALL)
    )
    figures = held[held["check"].str.contains("all pupils")]
    figures = figures.drop(index=[*too_many.index, *too_few.index])
    if figures.empty:
        return ["No two groups of these files are together all pupils."]
    said = [
        f"Figures of groups were held against that of all pupils "
        f"{int(figures['examined'].sum()):,} times; {int(figures['failed'].sum()):,} did "
        "not agree. Means over entries cannot be held against each other, as the number of "
        "entries is not published."
    ]
    if too_few["examined"].sum():
        more, fewer = int(too_many["failed"].sum()), int(too_few["failed"].sum())
        said.append(
            f"Two groups that together should be all pupils of a school count fewer in "
            f"{fewer:,} of {int(too_few['examined'].sum()):,} cases, and more in "
            f"{'none' if more == 0 else f'{more:,}'}."
            + (" The files do not say why." if fewer else "")
        )
    known = too_few[too_few["share_short"].notna()]
    for (stage, year), of_year in parted(known, ["key_stage", "year"]):
        least, most = of_year["share_short"].min(), of_year["share_short"].max()
        span = f"{least:.1%}" if least == most else f"{least:.1%} to {most:.1%}"
        named = ", ".join(_lower(name) for name in dict.fromkeys(of_year["about"]))
        said.append(
            f"{KEY_STAGES[stage]}, {academic_year(year)}: short in "
            f"{int(of_year['failed'].sum()):,} of {int(of_year['examined'].sum()):,} cases, "
            f"by {span} of all their pupils ({named})."
        )
    return said


def _lower(label: str) -> str:
    """Write a label within a sentence; names such as 'A level' keep their capitals."""
    first, rest = label.split(" ", 1) if " " in label else (label, "")
    is_word = first[1:].islower() and len(first) > 1
    named = first in ("Progress", "Attainment", "English")
    return label if named or not is_word else f"{first.lower()} {rest}"


def limits(tables: Tables) -> list[str]:
    """Say what these checks cannot see."""
    test = tables["back_test"]
    without = (~test["verdict"].isin([AGREES, DIFFERS])) & test["recomputed"].isna()
    return [
        "An error that stands in schools and totals alike, such as a result that was "
        "never reported, agrees with itself and is not seen.",
        f"{int(without.sum()):,} published rows could not be held against schools: the "
        "row is blank, its schools are not in these files, its mean is over entries, or it "
        "is withheld.",
        "A national SD that is recovered from bounds is tested on the same bounds: it can "
        "show that they contradict each other, and nothing more.",
        f"Jumps are counted in schools with {FEWEST_PUPILS} pupils or more. In smaller "
        "ones a few pupils move a figure as far as a wrong column would.",
        "Means over entries at 16 to 18 are weighted by entries, whose number is not "
        "published: their totals cannot be computed again.",
        "Whether a figure suits the question of an evaluation is not a matter of its "
        "quality: each report says what its measures cannot show.",
    ]


def for_the_signatory(tables: Tables) -> list[str]:
    """List what a person has to look at before signing, with how much of it there is."""
    test, sds = tables["back_test"], tables["recovered_sds"]
    whole = sds[(sds["group"] == EVERY_GROUP) & sds["known"].notna()]
    not_allowed = int((~whole["known"].between(whole["low"], whole["high"])).sum())
    files = tables["files"]
    return [
        f"Published totals that differ: {int((test['verdict'] == DIFFERS).sum()):,}.",
        f"Published totals withheld: {int((test['verdict'] == WITHHELD).sum()):,}.",
        f"Files that are not fit for use: {int((files['verdict'] == NOT_FIT).sum()):,}.",
        f"National SDs kept with the project that these bounds rule out: {not_allowed:,}.",
    ]
