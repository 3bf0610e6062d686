import pytest
import yaml

from pipeline.run import front_door, parameters
from pipeline.run.faults import Fault
from pipeline.run.parameters import check


def fault_of(settings):
    with pytest.raises(Fault) as told:
        check(settings)
    return str(told.value)


def test_the_projects_own_parameters_are_in_order(settings):
    assert check(settings).evaluations.keys() == {"annual-impact", "growing-the-top"}


@pytest.mark.parametrize(
    ("section", "key", "nearest"),
    [
        ("sources", "foldr", "folder"),
        ("comparison", "confidence", "confidence_level"),
        ("years", "firsts", "first"),
        ("disclosure", "supress_pupils_up_to", "suppress_pupils_up_to"),
    ],
)
def test_an_unknown_parameter_suggests_the_nearest(settings, section, key, nearest):
    settings[section][key] = 1
    said = f"{section}.{key}: unknown parameter; did you mean '{nearest}'?"
    assert said in fault_of(settings)


def test_an_unknown_section_suggests_the_nearest(settings):
    settings["source"] = settings["sources"]
    assert "source: unknown parameter; did you mean 'sources'?" in fault_of(settings)


def test_an_unknown_parameter_of_an_evaluation_suggests_the_nearest(settings):
    settings["evaluations"]["annual-impact"]["titles"] = "x"
    said = "evaluations.annual-impact.titles: unknown parameter; did you mean 'title'?"
    assert said in fault_of(settings)


def test_a_parameter_unlike_any_other_lists_the_known(settings):
    settings["years"]["xyz"] = 1
    assert "years.xyz: unknown parameter; known are 'first', 'last'" in fault_of(settings)


def test_a_choice_that_is_none_suggests_the_nearest(settings):
    settings["sources"]["release"] = "finl"
    said = fault_of(settings)
    assert "sources.release" in said
    assert "did you mean 'final'?" in said


def test_a_missing_parameter_says_where_it_is_described(settings):
    del settings["sources"]["folder"]
    assert "sources.folder: missing; reports/methods/parameters.md" in fault_of(settings)


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        ("years", "first", "twenty"),
        ("years", "first", 2018.5),
        ("years", "first", None),
        ("comparison", "confidence_level", "high"),
        ("sources", "folder", 7),
        ("sources", "folder", ""),
        ("england", "seed", -1),
    ],
)
def test_a_wrong_type_names_the_parameter_and_what_was_found(settings, section, key, value):
    settings[section][key] = value
    said = fault_of(settings)
    assert f"{section}.{key}: " in said
    assert f"(found {value!r})" in said


@pytest.mark.parametrize(("first", "last"), [(2015, 2019), (2016, 2101), (219, 2019)])
def test_impossible_years_are_refused(settings, first, last):
    settings["years"] = {"first": first, "last": last}
    assert "years." in fault_of(settings)


def test_years_in_the_wrong_order_are_refused(settings):
    settings["years"] = {"first": 2019, "last": 2018}
    assert "years: the last year (2018) lies before the first" in fault_of(settings)


@pytest.mark.parametrize("level", [0.4, 1, 95])
def test_a_confidence_level_is_a_share_below_one(settings, level):
    settings["comparison"]["confidence_level"] = level
    assert "comparison.confidence_level" in fault_of(settings)


def test_no_fewer_pupils_are_suppressed_than_the_department_suppresses(settings):
    settings["disclosure"]["suppress_pupils_up_to"] = 4
    assert "disclosure.suppress_pupils_up_to" in fault_of(settings)


def test_a_programmes_register_needs_the_programme(settings):
    del settings["evaluations"]["growing-the-top"]["programme"]
    assert "`programme` belongs to `members: programmes.csv`" in fault_of(settings)


def test_a_programme_needs_the_programmes_register(settings):
    settings["evaluations"]["annual-impact"]["programme"] = "growing-the-top"
    assert "`programme` belongs to `members: programmes.csv`" in fault_of(settings)


@pytest.mark.parametrize("name", ["Annual", "annual impact", "a/b", "../x", "", "é"])
def test_the_name_of_an_evaluation_makes_a_folder(settings, name):
    settings["evaluations"][name] = settings["evaluations"]["annual-impact"]
    assert "small letters, digits and hyphens" in fault_of(settings)


def test_every_fault_is_told_at_once(settings):
    settings["years"]["firsts"] = 1
    settings["sources"]["release"] = "finl"
    said = fault_of(settings)
    assert "years.firsts" in said
    assert "sources.release" in said


@pytest.mark.parametrize("content", [None, [], "text", 7])
def test_a_file_without_sections_is_refused(content):
    with pytest.raises(Fault, match="expected sections such as 'sources:'"):
        check(content)


def test_an_unknown_evaluation_suggests_the_nearest(settings):
    with pytest.raises(Fault, match="no evaluation 'anual-impact'; did you mean 'annual"):
        check(settings).evaluation("anual-impact")


def test_a_missing_file_says_how_to_restore_it(tmp_path):
    with pytest.raises(Fault, match=r"params\.yaml: not found\. Restore it: git checkout"):
        parameters.load(tmp_path / "params.yaml")


def test_a_file_that_is_not_yaml_is_refused(tmp_path):
    path = tmp_path / "params.yaml"
    path.write_text("sources: [")
    with pytest.raises(Fault, match=r"params\.yaml: not valid YAML"):
        parameters.load(path)


def test_years_run_from_first_to_last(settings):
    settings["years"] = {"first": 2016, "last": 2018}
    assert list(check(settings).years.all) == [2016, 2017, 2018]


def test_every_parameter_is_described(settings):
    described = parameters.describe()
    for section, keys in settings.items():
        entries = keys["growing-the-top"] if section == "evaluations" else keys
        for key in entries:
            assert f"| `{key}` | " in described
    assert "|  |" not in described


def test_a_change_of_an_unknown_parameter_is_told_with_the_nearest(tmp_path, settings):
    path = tmp_path / "params.yaml"
    path.write_text(yaml.safe_dump(settings))
    with pytest.raises(
        Fault, match="sources.foldr: unknown parameter; did you mean 'folder'"
    ):
        parameters.load(path, {"sources.foldr": "x"})
    with pytest.raises(
        Fault, match="sourcs.folder: unknown parameter; did you mean 'sources'"
    ):
        parameters.load(path, {"sourcs.folder": "x"})
    with pytest.raises(Fault, match="years.last"):
        parameters.load(path, {"years.last": "soon"})
    assert parameters.load(path, {"sources.folder": "x"}).sources.folder == "x"


def test_changes_are_found_as_dvc_takes_them():
    asked = ["exp", "run", "-S", "a.b=c=d", "--set-param=e.f=1", "-Sg.h=2", "-S", "+i=3"]
    assert front_door.changes(asked) == {"a.b": "c=d", "e.f": "1", "g.h": "2"}
