"""Which version of a data set is taken: the pinned one, or the newest, with its changes."""

from collections.abc import Callable

from pipeline.acquire import answers, changes
from pipeline.acquire.answers import Version
from pipeline.acquire.offer import Offer
from pipeline.acquire.plain_text import plain
from pipeline.acquire.releases import EesDataSet, Pin
from pipeline.acquire.service import NotThere, Service
from pipeline.measures.catalogue import academic_year
from pipeline.run.faults import Fault

Tell = Callable[[str], None]


def offer(
    source: EesDataSet,
    year: int,
    service: Service,
    pin: Pin | None,
    *,
    accept_new_version: bool,
    tell: Tell,
) -> Offer:
    """Choose the version for a year and tell what has changed since the pinned one.

    The pinned version stays, whatever is newer, as long as it holds the year. Where it
    does not, the newest one is taken, since that is what was asked for; if it breaks
    with the pinned one (a major version), it has to be accepted first. Raises Fault
    where no version holds the year, or where the pinned one was withdrawn.
    """
    about = answers.data_set(service, source.data_set)
    if about.status != "Published":
        instead = about.superseding_data_set_id
        tell(
            f"the data set is {plain(about.status).lower()}"
            + (f"; {plain(instead)} stands in its place" if instead else "")
        )
    listed = [v for v in answers.versions(service, source.data_set) if v.is_usable]
    number = None if pin is None else pin.version
    if number is None:
        return _offer(service, source, year, _newest(source, listed, year))
    if accept_new_version:
        newest = _newest(source, listed, year)
        _tell_newer(service, source, listed, number, newest, tell)
        return _offer(service, source, year, newest)
    held = _pinned(service, source, number)
    if held.covers(year):
        if _tell_newer(service, source, listed, number, None, tell):
            tell(f"version {number} stays pinned; --accept-new-version takes the newest")
        return _offer(service, source, year, held)
    newest = _newest(source, listed, year)
    newer = _tell_newer(service, source, listed, number, newest, tell)
    _refuse_break(source, newer)
    tell(
        f"version {number} is pinned and does not hold {academic_year(year)}: "
        f"{newest.version} takes its place, for all years"
    )
    return _offer(service, source, year, newest)


def _pinned(service: Service, source: EesDataSet, number: str) -> Version:
    try:
        held = answers.version(service, source.data_set, number)
    except NotThere:
        held = None
    if held is None or not held.is_usable:
        raise Fault(
            f"{source.title}: the pinned version {plain(number)} was withdrawn\n"
            "  expected: a version that is published\n"
            "  what to do: look on its page why; the newest version is taken with "
            "--accept-new-version, and figures may move"
        )
    return held


def _newest(source: EesDataSet, listed: list[Version], year: int) -> Version:
    holding = [v for v in listed if v.covers(year)]
    if not holding:
        last = listed[-1].time_periods.end if listed else "nothing"
        raise Fault(
            f"{source.title}: no version holds {academic_year(year)} (the newest ends "
            f"with {plain(last)})\n"
            "  expected: a published version with that year\n"
            "  what to do: look on its page when that year is to be published"
        )
    return holding[-1]


def _tell_newer(
    service: Service,
    source: EesDataSet,
    listed: list[Version],
    number: str,
    last: Version | None,
    tell: Tell,
) -> list[Version]:
    """Tell every version after the pinned one, up to `last`, with its changes."""
    known = answers.numbers(number)
    newer = [
        v for v in listed if v.number > known and (last is None or v.number <= last.number)
    ]
    if newer:
        tell(f"version {number} is pinned; since then:")
    for version in newer:
        try:
            changed = answers.changes(service, source.data_set, version.version)
        except NotThere:
            changed = None
        for line in changes.told(version, changed):
            tell(f"  {line}")
    return newer


def _refuse_break(source: EesDataSet, newer: list[Version]) -> None:
    breaking = [v.version for v in newer if v.is_major]
    if breaking:
        raise Fault(
            f"{source.title}: version {breaking[0]} breaks with the pinned one\n"
            "  expected: what was there before, and the new year beside it\n"
            "  what to do: read its changes above; if the pipeline can take them, run it "
            "again with --accept-new-version; copy the file first if it loses years"
        )


def _offer(service: Service, source: EesDataSet, year: int, version: Version) -> Offer:
    path = f"data-sets/{source.data_set}/csv?dataSetVersion={version.version}"
    return Offer(source.place(year), f"{service.root}/{path}", version.version)
