"""Which schools visit which: who may learn from whom, and who stands apart."""

from dataclasses import dataclass

import networkx as nx
import pandas as pd

from pipeline.capacity.participation import Participation
from pipeline.capacity.tidy_rows import (
    Row,
    as_promised,
    cannot,
    count,
    not_supplied,
    number,
    share,
)
from pipeline.contracts import promise
from pipeline.contracts.capacity import HUB_TIES, NETWORK, SCHOOL_TIES, UNKNOWN
from pipeline.contracts.records import as_promised as with_types
from pipeline.records.engagement import FILE

STEPS = (1, 2, 3)
"""Within how many steps schools are looked for: a visit, and a visit to the visited."""
TIES = "schools visited per member school"
VISITED = "median number of member schools visited"
VISITED_BY = "median number of member schools that visited"
ISOLATED = "schools that neither visited nor were visited"
RECIPROCATED = "ties that go both ways"
COMPONENTS = "groups of schools joined by visits"
LARGEST = "schools in the largest group joined by visits"
WITHIN = "ordered pairs of schools of which the first reaches the second"
BETWEEN_HUBS = "ties between schools of two hubs"
ELSEWHERE = "visits to schools that are no members, left out"
AT_HOME = "visits of a school to itself, left out"
QUANTITIES = (
    TIES,
    VISITED,
    VISITED_BY,
    ISOLATED,
    RECIPROCATED,
    COMPONENTS,
    LARGEST,
    WITHIN,
    BETWEEN_HUBS,
    ELSEWHERE,
    AT_HOME,
)
WHAT_IS_A_TIE = "a tie leads from a school to one that it visited at least once in the year"
NO_TIES = "no member school visited another"


@dataclass(frozen=True)
class Network:
    """The network of visits in each year, as a whole, by school and by hub."""

    table: pd.DataFrame
    """As NETWORK promises."""
    schools: pd.DataFrame
    """As SCHOOL_TIES promises."""
    hubs: pd.DataFrame
    """As HUB_TIES promises."""


def network(found: Participation | None) -> Network:
    """Describe who visits whom among member schools, year by year.

    Every member school is a node, whether it took part or not; an arrow leads from a
    school to each member school that somebody of it visited. What the visitors learnt is
    not on record. Visits to schools outside and to the own school are counted apart.
    """
    if found is None:
        return Network(as_promised([not_supplied(FILE)], NETWORK), *_tables([], []))
    rows: list[Row] = []
    schools: list[pd.DataFrame] = []
    hubs: list[pd.DataFrame] = []
    for year in found.years:
        why = found.why_no_record(year)
        if why is not None:
            rows += [
                {"year": year, "quantity": quantity} | cannot(why)
                for quantity in QUANTITIES
            ]
            continue
        own = found.schools[found.schools["year"] == year].sort_values("school_key")
        hub_of = own.set_index("school_key")["hub"]
        visits = _visits(found, year)
        graph = visit_graph(visits, hub_of.index.tolist())
        rows += [{"year": year} | row for row in _whole(graph, hub_of)]
        rows += [{"year": year} | row for row in _left_out(visits, graph)]
        schools.append(_by_school(graph, hub_of).assign(year=year))
        hubs.append(_by_hub(graph, hub_of).assign(year=year))
    return Network(as_promised(rows, NETWORK), *_tables(schools, hubs))


def visit_graph(visits: pd.DataFrame, schools: list[str]) -> "nx.DiGraph":
    """Make the graph of visits among `schools`; visits to others and at home are no ties.

    `visits` has the columns school_key and host_key. Nodes and arrows are added in order,
    so that the same visits make the same graph.
    """
    graph = nx.DiGraph()
    graph.add_nodes_from(sorted(schools))
    known = visits[visits["host_key"].isin(schools) & visits["school_key"].isin(schools)]
    apart = known[known["host_key"] != known["school_key"]]
    pairs = apart[["school_key", "host_key"]].drop_duplicates()
    graph.add_edges_from(sorted(pairs.itertuples(index=False, name=None)))
    return graph


def _visits(found: Participation, year: int) -> pd.DataFrame:
    """One row a school, host and day, however many went."""
    of_year = found.parts[(found.parts["year"] == year) & found.parts["host_key"].notna()]
    return of_year[["school_key", "host_key", "date"]].drop_duplicates()


def _whole(graph: "nx.DiGraph", hub_of: pd.Series) -> list[Row]:
    schools, ties = graph.number_of_nodes(), graph.number_of_edges()
    groups = _groups(graph)
    rows: list[Row] = [
        {"quantity": TIES} | share("ties", ties, "schools", schools, said=WHAT_IS_A_TIE),
        {"quantity": VISITED} | number(_median(graph.out_degree()), "schools", schools),
        {"quantity": VISITED_BY} | number(_median(graph.in_degree()), "schools", schools),
        {"quantity": ISOLATED}
        | share("schools", nx.number_of_isolates(graph), "schools", schools),
        {"quantity": COMPONENTS} | count("components", len(groups)),
        {"quantity": LARGEST} | share("schools", len(groups[0]), "schools", schools),
    ]
    for steps in STEPS:
        pairs = _within(graph, steps)
        figure = share("pairs", pairs, "pairs", schools * (schools - 1))
        rows.append({"quantity": WITHIN, "steps": steps} | figure)
    if ties == 0:
        none = cannot(NO_TIES)
        return [*rows, {"quantity": RECIPROCATED} | none, {"quantity": BETWEEN_HUBS} | none]
    both_ways = sum(graph.has_edge(host, school) for school, host in graph.edges)
    hubs = [(hub_of[school], hub_of[host]) for school, host in graph.edges]
    known = [pair for pair in hubs if not any(map(pd.isna, pair))]
    across = sum(one != other for one, other in known)
    said = "ties of schools whose hub is not known are left out"
    return [
        *rows,
        {"quantity": RECIPROCATED} | share("ties", both_ways, "ties", ties),
        {"quantity": BETWEEN_HUBS} | share("ties", across, "ties", len(known), said=said),
    ]


def _left_out(visits: pd.DataFrame, graph: "nx.DiGraph") -> list[Row]:
    at_home = visits["host_key"] == visits["school_key"]
    elsewhere = ~visits["host_key"].isin(list(graph.nodes))
    return [
        {"quantity": ELSEWHERE} | count("visits", int(elsewhere.sum())),
        {"quantity": AT_HOME} | count("visits", int(at_home.sum())),
    ]


def _groups(graph: "nx.DiGraph") -> list[set[str]]:
    """Schools joined by visits in either direction: the largest first, then by name."""
    groups = [set(group) for group in nx.weakly_connected_components(graph)]
    return sorted(groups, key=lambda group: (-len(group), min(group)))


def _within(graph: "nx.DiGraph", steps: int) -> int:
    """How many ordered pairs lie within so many steps along the arrows."""
    reached = (
        len(nx.single_source_shortest_path_length(graph, school, cutoff=steps)) - 1
        for school in graph
    )
    return sum(reached)


def _median(degrees: list[tuple[str, int]]) -> float:
    return float(pd.Series(dict(degrees), dtype=float).median())


def _by_school(graph: "nx.DiGraph", hub_of: pd.Series) -> pd.DataFrame:
    groups = enumerate(_groups(graph), start=1)
    place = {school: at for at, group in groups for school in group}
    keys = pd.Series(list(graph.nodes), dtype=object)
    visited, visited_by = (
        keys.map(dict(degrees)) for degrees in (graph.out_degree(), graph.in_degree())
    )
    return pd.DataFrame(
        {
            "school_key": keys,
            "hub": keys.map(hub_of),
            "visited": visited,
            "visited_by": visited_by,
            "component": keys.map(place),
            "is_isolated": (visited + visited_by) == 0,
        }
    )


def _by_hub(graph: "nx.DiGraph", hub_of: pd.Series) -> pd.DataFrame:
    named = hub_of.fillna(UNKNOWN)
    pairs = [(named[school], named[host]) for school, host in graph.edges]
    columns = ["visiting_hub", "host_hub"]
    ties = pd.DataFrame(pairs, columns=columns, dtype=object)
    return ties.groupby(columns, as_index=False).size().rename(columns={"size": "ties"})


def _tables(
    schools: list[pd.DataFrame], hubs: list[pd.DataFrame]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    made = []
    for parts, contract in ((schools, SCHOOL_TIES), (hubs, HUB_TIES)):
        empty = pd.DataFrame(columns=list(contract.columns))
        table = pd.concat(parts, ignore_index=True) if parts else empty
        made.append(promise.check(with_types(table, contract), contract))
    return made[0], made[1]
