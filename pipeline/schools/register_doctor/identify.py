"""Which school a row means: by URN, by LAESTAB, or by name and place."""

from datetime import date

from rapidfuzz.distance import OSA

from pipeline.schools.register_doctor import matching, numbers
from pipeline.schools.register_doctor.diagnosis import Entry
from pipeline.schools.register_doctor.directory import Directory, School
from pipeline.schools.register_doctor.findings import visible


def identify(entry: Entry, directory: Directory | None) -> None:
    """Settle or propose the number of a row's school, and say what does not agree.

    Without a register of schools (`directory` is None) numbers are only read: names and
    places cannot be compared with anything.
    """
    reading = numbers.read_urn(entry.listed.get("urn"))
    if reading.urn:
        entry.settle("urn", reading.urn)
        if reading.why:
            entry.tell("mended", "urn", reading.why, proposed=reading.urn)
        if directory:
            _check(entry, reading.urn, directory)
        return
    laestab = reading.laestab or _laestab(entry)
    if laestab and directory and _by_laestab(entry, laestab, directory, reading):
        return
    if reading.proposed:
        school = directory.get(reading.proposed) if directory else None
        score = _score(directory, entry, school) if directory and school else None
        named = f": {school.name}" if school else ""
        entry.propose("urn", reading.proposed, reading.why + named, score)
        return
    why = _why_not(reading.why, laestab, directory)
    if not laestab and (typed := entry.listed.get("laestab")):
        other = numbers.read_urn(typed).urn
        if other and _urn_among_laestabs(entry, other, directory, why):
            return
        why += f"; {visible(typed)[:40]!r} is no DfE number of seven digits"
    _by_name(entry, directory, why)


def _urn_among_laestabs(
    entry: Entry, urn: str, directory: Directory | None, why: str
) -> bool:
    """Propose a URN that stands in the column of DfE numbers, unless the name denies it."""
    school = directory.get(urn) if directory else None
    score = _score(directory, entry, school) if directory and school else None
    if _quite_different(score):
        return False
    named = f": {school.told}" if school else ""
    day = _day(entry)
    if school and day and not school.open_on(day):
        named += f" ({_lifetime(school)})"
    entry.propose(
        "urn", urn, f"{why}; six digits, a URN, in the column of DfE numbers{named}", score
    )
    return True


def _why_not(why: str, laestab: str | None, directory: Directory | None) -> str:
    if directory is None:
        said = "DfE number" if laestab else "name"
        return (
            f"{why}; there is no register of schools to find the {said} in: give its "
            "folder with --schools"
        )
    if laestab:
        return f"{why}; no establishment ever had the DfE number {laestab}"
    return why


def _laestab(entry: Entry) -> str | None:
    """The department's number, from one column or from two."""
    listed = entry.listed
    together = f"{listed.get('la')}/{listed.get('estab').removesuffix('.0').zfill(4)}"
    return (
        numbers.read_laestab(listed.get("laestab"))
        or numbers.read_laestab(listed.get("estab"))
        or (numbers.read_laestab(together) if listed.get("estab") else None)
    )


def _day(entry: Entry) -> date | None:
    joined = entry.likely("joined")
    return date.fromisoformat(joined) if joined else None


def _score(directory: Directory, entry: Entry, school: School) -> float | None:
    """How like the row's name is to a school's; None where the row has no name."""
    name = entry.listed.get("name")
    if not name:
        return None
    return round(float(directory.likeness(name, directory.places_of(school))[0]), 1)


def _quite_different(score: float | None) -> bool:
    return score is not None and score < matching.QUITE_DIFFERENT


def _verdict(entry: Entry, directory: Directory) -> matching.Verdict:
    listed = entry.listed
    places = (listed.get("town"), listed.get("local authority"), listed.get("la"))
    return matching.find(
        directory,
        listed.get("name"),
        postcode=listed.get("postcode"),
        places=tuple(place for place in places if place),
        day=_day(entry),
    )


def _by_laestab(
    entry: Entry, laestab: str, directory: Directory, reading: numbers.Reading
) -> bool:
    """Find the establishment that had a LAESTAB on the day of joining."""
    had = directory.with_laestab(laestab)
    day = _day(entry)
    on_day = [s for s in had if day is not None and s.open_on(day)]
    # In its own column, and with a certain date, the number leaves nothing to guess.
    certain = "joined" in entry.settled and reading.laestab is None
    fit = on_day or had
    if not fit:
        return False
    column = "urn" if reading.laestab else "laestab"
    if len(fit) > 1:
        told = "; ".join(f"{school.told} ({_lifetime(school)})" for school in fit[:4])
        entry.tell(
            "must mend",
            "urn",
            f"cannot tell: {len(fit)} establishments had the DfE number {laestab}: {told}",
            found=entry.listed.raw.get(column, ""),
        )
        return True
    school = fit[0]
    score = _score(directory, entry, school)
    why = f"{school.name} had the DfE number {laestab}"
    if certain and on_day and not _quite_different(score):
        entry.settle("urn", school.urn)
        entry.tell(
            "mended",
            "urn",
            f"{why} and was alone in having it when this school joined",
            found=entry.listed.raw.get(column, ""),
            proposed=school.urn,
            score=score,
        )
        _tell_of_kind(entry, school)
        return True
    if _quite_different(score):
        why += ", a name quite unlike the one given"
    if not on_day:
        why += f" ({_lifetime(school)})"
    entry.propose("urn", school.urn, why, score)
    return True


def _by_name(entry: Entry, directory: Directory | None, why: str) -> None:
    if directory is None:
        entry.tell("must mend", "urn", why)
        return
    verdict = _verdict(entry, directory)
    if verdict.school:
        entry.propose("urn", verdict.school.urn, f"{why}; {verdict.why}", verdict.score)
        _tell_of_kind(entry, verdict.school)
    else:
        entry.tell("must mend", "urn", f"{why}; {verdict.why}", score=verdict.score)


def _lifetime(school: School) -> str:
    opened = f"opened {school.opened}" if school.opened else "opening date not known"
    return f"{opened}, closed {school.closed}" if school.closed else opened


def _check(entry: Entry, urn: str, directory: Directory) -> None:
    """Compare what the register of schools says of a number with what the row says."""
    school = directory.get(urn)
    if school is None:
        _tell_of_unknown(entry, urn, directory)
        return
    score = _score(directory, entry, school)
    if _quite_different(score):
        _tell_of_other_name(entry, school, score, directory)
        if "urn" in entry.proposals:
            return
    laestab = _laestab(entry)
    if laestab and school.laestab and laestab != school.laestab:
        entry.tell(
            "look at it",
            "laestab",
            f"{school.told} has the DfE number {school.laestab}",
            found=laestab,
        )
    _tell_of_kind(entry, school)
    _check_dates(entry, school, directory)


def _tell_of_unknown(entry: Entry, urn: str, directory: Directory) -> None:
    if urn > directory.last_urn:
        why = (
            "younger than the register of schools, whose last number is "
            f"{directory.last_urn}: nothing is known of it there"
        )
    elif directory.is_linked(urn):
        why = "not among the establishments that were supplied; links name it"
    else:
        why = "no such number in the register of schools"
        verdict = _verdict(entry, directory)
        if verdict.school and (not verdict.by_name_alone or _slip(urn, verdict.school)):
            _propose_instead(entry, urn, verdict, why)
            return
        why += f"; {verdict.why}"
    entry.tell("look at it", "urn", why)


def _tell_of_other_name(
    entry: Entry, school: School, score: float | None, directory: Directory
) -> None:
    why = f"the number is that of {school.name}, a name quite unlike the one given"
    verdict = _verdict(entry, directory)
    # A number that is there is wrong less often than a name is old, unless it is one
    # slip away from the number of a school with that very name.
    if verdict.school and _slip(school.urn, verdict.school):
        _propose_instead(entry, school.urn, verdict, f"{why} ({score:.0f})")
        return
    if verdict.school and verdict.school.urn != school.urn:
        why += f", which is like {verdict.school.told} ({verdict.score:.0f})"
    entry.tell("look at it", "name", f"{why}; it may have been renamed", score=score)


def _slip(urn: str, school: School) -> bool:
    """Whether one digit typed wrong, or two in each other's place, part two numbers."""
    return OSA.distance(urn, school.urn) == 1


def _propose_instead(entry: Entry, urn: str, verdict: matching.Verdict, why: str) -> None:
    assert verdict.school is not None
    if _slip(urn, verdict.school):
        why += "; one slip parts the two numbers"
    entry.propose("urn", verdict.school.urn, f"{why}; {verdict.why}", verdict.score)


def _tell_of_kind(entry: Entry, school: School) -> None:
    if "independent" in school.school_type.casefold():
        entry.tell(
            "look at it",
            "urn",
            f"{school.told} is an independent school: progress is not published of it",
            found=school.urn,
        )


def _check_dates(entry: Entry, school: School, directory: Directory) -> None:
    joined = _day(entry)
    if joined is None:
        return
    if school.closed and school.closed <= joined:
        _propose_follower(entry, school, joined, directory)
    elif school.opened and school.opened > joined:
        before = [
            s
            for urn in sorted(directory.forerunners(school.urn))
            if (s := directory.get(urn)) and s.open_on(joined)
        ]
        told = f"; before it was {before[0].told}" if len(before) == 1 else ""
        entry.tell(
            "look at it",
            "joined",
            f"{school.told} opened on {school.opened}, after joining{told}",
        )
    elif (
        school.closed
        and "left" in entry.settled
        and not entry.says["left"]
        and not directory.followers(school.urn)
    ):
        entry.tell(
            "look at it",
            "left",
            f"{school.told} closed on {school.closed}, no school is known to have "
            "followed it, and there is no date of leaving",
        )


def _propose_follower(
    entry: Entry, school: School, joined: date, directory: Directory
) -> None:
    """Propose the school that followed one which had closed before the day of joining."""
    linked = directory.followers(school.urn)
    same_number = {s.urn for s in directory.with_laestab(school.laestab or "")}
    fit = [
        s
        for urn in sorted(linked or same_number)
        if (s := directory.get(urn)) and s.open_on(joined) and s.urn != school.urn
    ]
    why = f"{school.told} closed {school.closed}, before joining"
    if len(fit) == 1:
        by = "successor" if linked else "with the same DfE number,"
        kind = f" ({fit[0].school_type})" if fit[0].school_type else ""
        opened = f" opened {fit[0].opened}" if fit[0].opened else ""
        entry.propose(
            "urn",
            fit[0].urn,
            f"{why}; {by} {fit[0].told}{kind}{opened}",
            _score(directory, entry, fit[0]),
        )
        return
    if fit:
        why += "; cannot tell which school followed: " + ", ".join(s.told for s in fit[:4])
    else:
        why += "; no school that followed it was open then"
    entry.tell("look at it", "urn", why)
