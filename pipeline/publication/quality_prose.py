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
from pipeline.measures.catalogue import KEY_STAGE_LABELS, MEASURES, academic_year
from pipeline.measures.measure import GROUP_LABELS, KeyStage
from pipeline.publication.quality_words import KEY_STAGES, share
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


def made_again(parameters: Parameters) -> list[str]:
    """Say how totals are made again, and what rounding and coverage can explain."""
    few = parameters.disclosure.suppress_pupils_up_to
    return [
        "Each published total is the mean over pupils of its schools: every school weighs "
        "by its pupils. The total of an authority and of state-funded England counts "
        "state-funded schools, special schools and colleges among them; that of all "
        "schools counts independent ones too. Where whole cohorts have to stand in for "
        "the pupils with a score, the range allows for any number from half of them up.",
        "Rounding. The published total is right to half of its last digit. Roundings of "
        "schools are taken for independent, so that their mean is off by at most three of "
        "its standard deviations. Both together are the band that rounding explains.",
        "Coverage. Pupils whom no school\u2019s figure counts (suppressed, missing from "
        "the files, or in no school) can hold anything from the least to the most that "
        "the measure allows. A total that lies where this could put it is explained; what "
        "those pupils would have on average is shown where rounding leaves it clear. "
        "Explained means possible. It does not prove that nothing else is wrong.",
        f"Withheld. No row is shown that {few} pupils or fewer could be worked out from: "
        "totals that lack as few pupils, or one suppressed school whose figure "
        "subtraction would tell, and the group beside them. For authorities the share of "
        "pupils is given in steps too wide to count pupils by, and nothing is said of the "
        "pupils who are left over.",
    ]


def intervals(tables: Tables) -> list[str]:
    """Say how intervals are made again and what does not count towards the target."""
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
    tables: Tables, inventories: Inventories, parameters: Parameters
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
            _accuracy(tables, parameters),
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
        f"{len(measures)} of the {known} measures of the catalogue have figures in these "
        f"files, for {len(groups)} of {len(GROUP_LABELS)} groups of pupils"
        + (f": {', '.join(groups)}." if groups else ".")
    ]
    for key_stage, inventory in inventories.items():
        by_state: dict[str, list[str]] = {}
        for year, entry in inventory["years"].items():
            by_state.setdefault(entry["state"], []).append(academic_year(int(year)))
        told = [f"{state} {', '.join(by_state[state])}" for state in sorted(by_state)[::-1]]
        said.append(f"{KEY_STAGE_LABELS[key_stage]}: {'; '.join(told)}.")
    return said


def _accuracy(tables: Tables, parameters: Parameters) -> list[str]:
    checks = tables["checks"]
    faults = checks[checks["weight"] == FAULT]
    missing = tables["missing"]
    return [
        "The tables count every pupil at the end of a key stage, so there is no sampling "
        "error. The department\u2019s intervals take the pupils of a school for a sample "
        "of what it might have taught: they are a convention, and printed as that.",
        f"All files are of the {parameters.sources.release} release. Releases differ and "
        "are never mixed; no two releases of one year were compared here.",
        f"Of {int(faults['examined'].sum()):,} cases whose failure would be a fault, "
        f"{int(faults['failed'].sum()):,} failed.",
        "Of the figures of state-funded mainstream schools "
        f"{share(missing['suppressed'].sum(), missing['cells'].sum()) or 'none'} are "
        "suppressed. Small schools, and small groups in larger ones, lack them most, so "
        "what is known of disadvantaged pupils comes from schools with many of them.",
    ]


def _timeliness(inventories: Inventories) -> list[str]:
    said = []
    for key_stage, inventory in inventories.items():
        years = sorted({f["year"] for f in inventory["files"]})
        latest = academic_year(years[-1]) if years else "none"
        said.append(f"{KEY_STAGES[key_stage]}: the latest year supplied is {latest}.")
    return [
        *said,
        "The files hold neither the day on which they were published nor that on which "
        "they were downloaded, so punctuality cannot be judged from them.",
    ]


def _coherence(tables: Tables, inventories: Inventories) -> list[str]:
    checks, moved = tables["checks"], tables["jumps"]
    held = checks[checks["about"] != "the file"]
    families = held[held["check"].str.contains("all pupils")]
    twice = sum(inventory["schools_in_two_files"] for inventory in inventories.values())
    said = [
        f"Groups were held against all pupils {int(families['examined'].sum()):,} times; "
        f"{int(families['failed'].sum()):,} did not agree. {twice:,} schools stand in two "
        "files, which say the same of them.",
        "Record types differ by key stage: the state-funded row of England is 5 at key "
        "stage 2 and 7 at key stages 4 and 5. Each is read by its own key stage\u2019s rule.",
    ]
    if len(moved):
        said.append(
            f"From year to year {int(moved['schools'].sum()):,} figures of schools with "
            f"{FEWEST_PUPILS} pupils or more were followed; {int(moved['jumps'].sum()):,} "
            f"moved by more than {JUMP:.0f} times the usual change."
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
        "published: their totals cannot be made again.",
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
