"""One sample of a panel, made ready for many fits of different columns."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from pipeline.estimators.demeaning import (
    TwoWayProjection,
    singletons,
    two_way_projection,
)
from pipeline.estimators.settings import column_names, finite_number
from pipeline.estimators.two_way import (
    codes_of,
    effects_counted,
    inverse_of,
    numbers_of,
    refuse_absorbed,
    refuse_collinear,
)

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
Estimand = Literal["two_way", "gap"]

COLLINEAR = 1e-11
"""Share of exposure's variance that must be left beyond the covariates."""


@dataclass(frozen=True)
class Specification:
    """One defensible way to put the question: names of columns of the panel, and years.

    `members` holds the period in which each school became a partner under one rule of
    membership; 0, NaN or infinite is never. A school is exposed from that period on.
    `estimand` is "two_way" (the coefficient of exposure beside school and period
    effects: the difference in change) or "gap" (beside period effects alone: the
    difference in level). `controls` holds true for schools that may be compared with
    partners; without it all others are. `weights` are pupils; without it each row counts
    once. `years` are the periods used; without it all are.

    Raises ValueError for names that are no text, a covariate named twice and years that
    are no numbers.
    """

    outcome: str
    members: str
    estimand: Estimand = "two_way"
    weights: str | None = None
    controls: str | None = None
    covariates: tuple[str, ...] = ()
    years: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        for name in ("outcome", "members", "weights", "controls"):
            given = getattr(self, name)
            optional = name in ("weights", "controls")
            if not (isinstance(given, str) or (optional and given is None)):
                raise ValueError(f"{name}: the name of a column expected, found {given!r}")
        # A list, or one name on its own, is as good as a tuple; letters are no names.
        object.__setattr__(self, "covariates", column_names(self.covariates, "covariates"))
        if self.years is not None:
            years = tuple(finite_number(year, "years") for year in self.years)
            object.__setattr__(self, "years", years)


@dataclass(frozen=True)
class Panel:
    """The columns that specifications name, sorted by cluster, school and period.

    One entry per row in `unit`, `time` and `cluster` (codes in the order of the labels)
    and in each of `columns`, where a missing value is not a number; one per school in
    `joined` (the place of the first exposed period; their number is never) and
    `controls`. `cluster_of` has each school's cluster, None where one has two.
    """

    unit: IntArray
    time: IntArray
    cluster: IntArray
    periods: FloatArray
    columns: dict[str, FloatArray]
    joined: dict[str, IntArray]
    controls: dict[str, BoolArray]
    cluster_of: IntArray | None

    @property
    def units(self) -> int:
        """Schools, seen or not in a given sample."""
        return int(self.unit.max()) + 1

    def eligible(self, specification: Specification) -> BoolArray:
        """Schools (units,) that are partners under the rule or may be compared with."""
        if specification.controls is None:
            return np.ones(self.units, dtype=bool)
        member = self.joined[specification.members] < len(self.periods)
        return member | self.controls[specification.controls]


def _label_codes(labels: pd.Series) -> IntArray:
    """Codes in the order of the labels; of labels of several types, as text."""
    given = labels.to_numpy()
    try:
        return np.unique(given, return_inverse=True)[1]
    except TypeError:
        return np.unique(given.astype(str), return_inverse=True)[1]


def read_panel(
    frame: pd.DataFrame,
    specifications: Sequence[Specification],
    *,
    unit: str,
    time: str,
    cluster: str | None,
) -> Panel:
    """Check and sort what the specifications need.

    Raises ValueError for a column that is not there or is not of numbers, a school twice
    in a period, a join date or a control mark that differs within a school, infinite
    values, and weights below zero.
    """
    if not specifications:
        raise ValueError("no specification is given")
    twice = sorted({str(n) for n in frame.columns[frame.columns.duplicated()]})
    if twice:
        raise ValueError(f"two columns are named {', '.join(twice)}: rename one")
    for name in (unit, time, cluster or unit):
        codes_of(frame, name)
    units = _label_codes(frame[unit])
    periods, times = np.unique(numbers_of(frame, time), return_inverse=True)
    groups = units if cluster is None or cluster == unit else _label_codes(frame[cluster])
    repeated = len(frame) - len(np.unique(units * len(periods) + times))
    if repeated:
        raise ValueError(f"{repeated} rows repeat a {unit!r} in a period: keep one of each")
    order = np.lexsort((times, units, groups))
    units, times, groups = units[order], times[order], groups[order]
    first = np.empty(int(units.max()) + 1, dtype=np.int64)
    first[units[::-1]] = np.arange(len(units))[::-1]

    def of_unit(name: str, values: FloatArray) -> FloatArray:
        one = values[first]
        other = len(np.unique(units[one[units] != values]))
        if other:
            raise ValueError(f"{other} of {unit!r} have more than one {name!r}")
        return one

    columns: dict[str, FloatArray] = {}
    joined: dict[str, IntArray] = {}
    controls: dict[str, BoolArray] = {}
    for one in specifications:
        if one.estimand not in ("two_way", "gap"):
            raise ValueError(f"no estimand {one.estimand!r}: two_way or gap")
        for column in (one.outcome, *one.covariates, one.weights):
            if column is None or column in columns:
                continue
            columns[column] = _with_gaps(frame, column)[order]
            if np.isinf(columns[column]).any():
                raise ValueError(f"{column!r} has infinite values")
        if one.weights is not None and (columns[one.weights] < 0).any():
            raise ValueError(f"weights {one.weights!r} are below zero in some rows")
        if one.members not in joined:
            start = _with_gaps(frame, one.members)[order]
            start = np.where(np.isnan(start) | (start == 0), np.inf, start)
            joined[one.members] = np.searchsorted(periods, of_unit(one.members, start))
        if one.controls is not None and one.controls not in controls:
            mark = numbers_of(frame, one.controls)[order]
            controls[one.controls] = of_unit(one.controls, mark) != 0
    cluster_of = groups[first]
    nested = bool((cluster_of[units] == groups).all())
    return Panel(
        units, times, groups, periods, columns, joined, controls,
        cluster_of if nested else None,
    )  # fmt: skip


class Exposed(NamedTuple):
    """Exposure without fixed effects and covariates: what every outcome is set against."""

    covariates: tuple[str, ...]
    weighted: FloatArray
    of_cluster: FloatArray
    total: float
    correction: float
    room: FloatArray
    """Space for one product a row, written over by each fit."""


class Counts(NamedTuple):
    """What a specification was fitted on."""

    rows: int
    schools: int
    partners: int
    partner_clusters: int
    always_exposed: int
    clusters: int
    left_out: int
    alone: int


class Sample:
    """Rows that several specifications share, with fixed effects taken out once.

    Each column is cleared of fixed effects the first time it is asked for, and each
    outcome of each set of covariates; a specification then costs one product and one sum
    over clusters (Frisch, Waugh and Lovell: the coefficient of exposure is that of what
    exposure and outcome have left beyond everything else).
    """

    def __init__(
        self, panel: Panel, rows: IntArray, estimand: Estimand, weights: str | None
    ):
        """Sweep out fixed effects; ValueError where the sample can bear no error."""
        asked = len(rows)
        if estimand == "two_way":
            rows = rows[~singletons(panel.unit[rows], panel.time[rows])]
        self.alone = asked - len(rows)
        self.unit, self.time = panel.unit[rows], panel.time[rows]
        if not len(rows):
            raise ValueError(
                f"of {asked} rows with a value none is left once those alone in their "
                "school or period are out"
            )
        self.rows = rows
        self.cluster = _recoded(panel.cluster[rows])
        self.clusters = int(self.cluster.max()) + 1
        if self.clusters < 2:
            raise ValueError("one cluster: an error needs at least two")
        self._starts = np.flatnonzero(np.diff(self.cluster, prepend=-1))
        self._panel = panel
        self._weights = None if weights is None else panel.columns[weights][rows]
        units, times = _recoded(self.unit), _recoded(self.time)
        self._projection: TwoWayProjection
        if estimand == "two_way":
            self._projection = two_way_projection(units, times, self._weights)
            self._effects = effects_counted((units, times), self.cluster)
        else:
            none = np.zeros(len(rows), dtype=np.int64)
            self._projection = two_way_projection(times, none, self._weights)
            self._effects = effects_counted((times,), self.cluster)
        self._left: dict[str, FloatArray] = {}
        self._bases: dict[tuple[str, ...], tuple[list[FloatArray], FloatArray]] = {}
        self._outcomes: dict[tuple[str, tuple[str, ...]], FloatArray] = {}

    def exposure(self, joined: IntArray) -> FloatArray:
        """Exposure of each row, given the first exposed period of each school (units,)."""
        return (self.time >= joined[self.unit]).astype(float)

    def left(self, name: str) -> FloatArray:
        """A column without fixed effects; ValueError where nothing is left."""
        if name not in self._left:
            column = self._panel.columns[name][self.rows]
            left = self._projection.residuals(column)
            refuse_absorbed([column], left[:, None], [name])
            self._left[name] = left
        return self._left[name]

    def outcome(self, name: str, covariates: tuple[str, ...]) -> FloatArray:
        """An outcome without fixed effects and covariates, times the weights."""
        if (name, covariates) not in self._outcomes:
            cleared = self._cleared(self.left(name), covariates)
            self._outcomes[name, covariates] = cleared
        return self._outcomes[name, covariates]

    def swept(self, joined: IntArray) -> FloatArray:
        """Exposure without fixed effects, given each school's first exposed period.

        Raises ValueError where fixed effects explain all of it.
        """
        exposed = self.exposure(joined)
        left = self._projection.residuals(exposed)
        if left @ left <= 1e-14 * max(exposed.sum(), 1.0):
            raise ValueError(
                "exposure has nothing left beyond the fixed effects: no school changes "
                "while another does not"
            )
        return left

    def exposed(self, left: FloatArray, covariates: tuple[str, ...]) -> Exposed:
        """What swept exposure has left beyond covariates as well.

        Raises ValueError where nothing is left, or where rows are too few.
        """
        rows, parameters = len(self.rows), 1 + len(covariates) + self._effects
        if rows <= parameters:
            raise ValueError(f"{rows} rows cannot bear {parameters} parameters")
        before = self._product(left, left)
        cleared = self._cleared(left, covariates)
        weighted = cleared if self._weights is None else cleared * self._weights
        squares = weighted * cleared
        of_cluster = np.add.reduceat(squares, self._starts)
        total = float(of_cluster.sum())
        if not total > COLLINEAR * before:
            raise ValueError("exposure is a linear combination of the covariates")
        correction = self.clusters / (self.clusters - 1) * (rows - 1) / (rows - parameters)
        return Exposed(covariates, weighted, of_cluster, total, correction, squares)

    def fit(self, exposed: Exposed, outcome: str) -> tuple[float, float]:
        """Coefficient of exposure for one outcome, and its CR1 standard error."""
        product = exposed.room
        np.multiply(
            exposed.weighted, self.outcome(outcome, exposed.covariates), out=product
        )
        scores = np.add.reduceat(product, self._starts)
        estimate = float(scores.sum()) / exposed.total
        scores -= estimate * exposed.of_cluster
        error = np.sqrt(exposed.correction * float(scores @ scores)) / exposed.total
        return estimate, float(error)

    def _product(self, one: FloatArray, other: FloatArray) -> float:
        return float(one @ (other if self._weights is None else other * self._weights))

    def _cleared(self, left: FloatArray, covariates: tuple[str, ...]) -> FloatArray:
        """A column without fixed effects less what covariates explain of it."""
        if not covariates:
            return left
        columns, inverse = self._basis(covariates)
        weighted = left if self._weights is None else left * self._weights
        slopes = inverse @ np.array([column @ weighted for column in columns])
        cleared: FloatArray = left - slopes[0] * columns[0]
        for slope, column in zip(slopes[1:], columns[1:], strict=True):
            cleared -= slope * column
        return cleared

    def _basis(self, covariates: tuple[str, ...]) -> tuple[list[FloatArray], FloatArray]:
        if covariates not in self._bases:
            columns = [self.left(name) for name in covariates]
            gram = np.array([[self._product(a, b) for b in columns] for a in columns])
            refuse_collinear(gram, covariates)
            self._bases[covariates] = columns, inverse_of(gram)
        return self._bases[covariates]


def rows_of(panel: Panel, specification: Specification) -> tuple[IntArray, int]:
    """Rows that a specification can use, and how many lack one of its values."""
    inside = panel.eligible(specification)[panel.unit]
    if specification.years is not None:
        inside &= np.isin(panel.periods, specification.years)[panel.time]
    complete = inside.copy()
    for name in (specification.outcome, *specification.covariates):
        complete &= ~np.isnan(panel.columns[name])
    if specification.weights is not None:
        complete &= panel.columns[specification.weights] > 0
    rows = np.flatnonzero(complete)
    return rows, int(np.count_nonzero(inside)) - len(rows)


def gaps_of(panel: Panel) -> dict[str, str | None]:
    """For each column, a mark of the rows where it is missing; None where it never is.

    Columns with the same mark are missing in the same rows.
    """
    marks: dict[str, str | None] = {}
    for name, column in panel.columns.items():
        missing = np.isnan(column)
        marks[name] = sha256(missing.tobytes()).hexdigest() if missing.any() else None
    return marks


def counts_of(sample: Sample, joined: IntArray, left_out: int) -> Counts:
    """Count schools, partners and clusters of one rule of membership in a sample."""
    exposed = sample.exposure(joined) > 0
    seen = np.bincount(sample.unit)
    exposures = np.bincount(sample.unit, exposed)
    return Counts(
        rows=len(sample.rows),
        schools=int((seen > 0).sum()),
        partners=int((exposures > 0).sum()),
        partner_clusters=len(np.unique(sample.cluster[exposed])),
        always_exposed=int(((exposures == seen) & (seen > 0)).sum()),
        clusters=sample.clusters,
        left_out=left_out,
        alone=sample.alone,
    )


def _recoded(code: IntArray) -> IntArray:
    """Codes without gaps, in the same order."""
    used = np.bincount(code) > 0
    return (np.cumsum(used) - 1)[code].astype(np.int64, copy=False)


def _with_gaps(frame: pd.DataFrame, name: str) -> FloatArray:
    """A column of numbers in which a missing value is not a number."""
    if name not in frame.columns:
        raise ValueError(f"no column {name!r} in the frame")
    try:
        return frame[name].to_numpy(dtype=float, na_value=np.nan)
    except (TypeError, ValueError):
        raise ValueError(f"{name!r} is not a column of numbers") from None
