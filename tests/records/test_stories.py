import dataclasses

import pytest

from pipeline.records.bounds import Bounds
from pipeline.records.stories import WITHOUT_CONSENT, read_stories

STORY = "stories/example.md"


@pytest.fixture
def read(records):
    return lambda *bounds: read_stories(records.folder, "registers", *bounds)


def test_stories_that_are_not_supplied_are_none(records, read):
    (records.folder / STORY).unlink()
    assert read() is None
    (records.folder / "stories").rmdir()
    assert read() is None


def test_a_story_with_consent_is_read_as_written(read):
    found = read()
    story = found.stories.iloc[0]
    assert story[["story", "urn", "by_role"]].tolist() == [
        "example",
        "900001",
        "head teacher",
    ]
    assert story["text"].startswith("What was there before")
    assert found.evidence.to_dict("records") == [
        {"story": "example", "fact": "ks4.progress_8.all.2019.partners", "value": "0.12"}
    ]
    assert found.exclusions.empty
    assert [file.file for file in found.files] == [STORY]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("given: true", "given: false"),
        ("given: true", "given: No"),
        ("given: true", "given:"),
        ("  given: true\n", ""),
        ("consent:\n  given: true\n  date: 2019-06-20\n  by_role: head teacher\n", ""),
        ("consent:\n  given: true\n  date: 2019-06-20\n  by_role: head teacher", "consent:"),
        ("consent:\n  given: true\n  date: 2019-06-20\n  by_role: head teacher",
         "consent: false"),
    ],
)  # fmt: skip
def test_of_a_story_without_consent_nothing_is_kept_but_its_count(records, read, old, new):
    records.replace(STORY, old, new)
    found = read()
    assert found.stories.empty
    assert found.evidence.empty
    assert found.files == ()
    assert found.exclusions.to_dict("records") == [
        {"file": "stories", "reason": WITHOUT_CONSENT, "excluded": 1}
    ]
    kept = "".join(
        part.to_csv() if hasattr(part, "to_csv") else str(part)
        for part in (getattr(found, f.name) for f in dataclasses.fields(found))
    )
    for private in ("What was there", "Two departments", "900001", "example"):
        assert private not in kept


def test_other_keys_of_a_story_without_consent_are_not_looked_at(records, read):
    records.write(
        STORY, "---", "consent: {given: false}", "urn: not to be told", "---", "x"
    )
    assert read().exclusions["excluded"].tolist() == [1]


def test_stories_without_consent_are_counted_beside_those_with(records, read):
    text = (records.folder / STORY).read_text(encoding="utf-8")
    for name in ("b", "c"):
        records.write(f"stories/{name}.md", text.replace("given: true", "given: false"))
    found = read()
    assert found.stories["story"].tolist() == ["example"]
    assert found.exclusions["excluded"].tolist() == [2]


@pytest.mark.parametrize("given", ["aye", "maybe", "1", "[true]", "{x: y}"])
def test_consent_that_is_neither_true_nor_false_is_asked_about(records, refused, given):
    records.replace(STORY, "given: true", f"given: {given}")
    said = refused(read_stories)
    assert "key consent, given: what is said of consent is neither true nor false" in said


def test_consent_that_does_not_say_when_and_by_whom_is_refused(records, refused):
    records.replace(STORY, "  date: 2019-06-20\n  by_role: head teacher\n", "")
    said = refused(read_stories)
    assert "key consent, date: the key is missing; also at fault: consent, by_role" in said


def test_a_bare_true_is_no_consent_that_can_be_shown(records, refused):
    block = "consent:\n  given: true\n  date: 2019-06-20\n  by_role: head teacher"
    records.replace(STORY, block, "consent: true")
    assert "below consent, with date and by_role" in refused(read_stories)


@pytest.mark.parametrize(
    ("old", "new", "place", "said"),
    [
        ("date: 2019-07-05\n", "", "date", "the key is missing"),
        ("date: 2019-07-05", "date: summer", "date", "found 'summer'"),
        ("date: 2019-06-20", "date: 2019-06-31", "consent, date", "found '2019-06-31'"),
        ("urn: 900001", "urn: Hill", "urn", "six digits"),
        ("urn: 900001", "urn: ９０００01", "urn", "six digits"),
        ("by_role: head teacher", "by_role:", "consent, by_role", "found nothing"),
        (
            "title: Two departments that teach each other",
            "title: ''",
            "title",
            "found nothing",
        ),
        ("value: 0.12", "value:", "evidence 1, value", "found nothing"),
        ("claim: Middle", "about: Middle", "claim", "also at fault: about"),
    ],
)
def test_a_story_that_lacks_what_it_needs_is_refused(
    records, refused, old, new, place, said
):
    records.replace(STORY, old, new)
    found = refused(read_stories)
    assert f"registers/stories/example.md, key {place}: " in found
    assert said in found


def test_a_story_that_cites_nothing_or_one_fact_twice_is_refused(records, refused):
    cited = "  - fact: ks4.progress_8.all.2019.partners\n    value: 0.12\n"
    records.replace(STORY, cited, cited * 2)
    assert "key evidence: found no single text\n  expected: each fact once" in refused(
        read_stories
    )
    records.replace(STORY, "evidence:\n" + cited * 2, "evidence: []\n")
    assert "key evidence" in refused(read_stories)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("A story.", "row 1: nothing stands above the story"),
        ("---\ntitle: x\n", "row 1: nothing stands above the story"),
        ("---\ntitle: [x\n---\nSecret words.", "row 3: not readable as YAML"),
        ("---\ntitle: a\ntitle: b\n---\nSecret words.", "row 3: not readable as YAML"),
        ("---\n---\nSecret words.", "it holds no keys"),
    ],
)
def test_what_is_no_story_is_refused_and_not_quoted(records, refused, content, said):
    records.write(STORY, content)
    found = refused(read_stories)
    assert said in found
    assert "Secret" not in found


def test_a_story_without_a_story_is_refused(records, refused):
    text = (records.folder / STORY).read_text(encoding="utf-8")
    records.write(STORY, text[: text.rindex("---\n") + 4])
    assert "no story below the second line of ---" in refused(read_stories)


def test_markup_and_lines_of_hyphens_in_a_story_are_kept_as_text(records, read):
    text = (records.folder / STORY).read_text(encoding="utf-8")
    head = text[: text.rindex("---\n") + 4]
    records.write(STORY, head + "# A\n\n<script>x</script>\n\n---\n\n=1+1\n")
    assert read().stories["text"].item() == "# A\n\n<script>x</script>\n\n---\n\n=1+1"


def test_a_byte_order_mark_and_other_line_endings_make_no_difference(records, read):
    path = records.folder / STORY
    plain = read().stories["text"].item()
    text = path.read_text(encoding="utf-8").replace("\n", "\r\n")
    path.write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert read().stories["text"].item() == plain


def test_a_story_that_is_not_in_utf_8_is_refused(records, refused):
    records.write(STORY, "---", "title: Café", "---", encoding="cp1252")
    assert "a byte (0xE9) that is not UTF-8" in refused(read_stories)


@pytest.mark.parametrize("name", ["a story.md", "story.docx", "story.txt", "1.md"])
def test_a_file_that_is_no_story_is_not_passed_over(records, refused, name):
    records.write(f"stories/{name}", "x")
    assert f"registers/stories/{name}: " in refused(read_stories)


def test_a_story_of_a_later_day_is_refused_where_the_last_year_is_known(records, refused):
    assert "key date: found 2019-07-05" in refused(read_stories, Bounds(last_year=2018))
