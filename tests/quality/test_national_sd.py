import pytest

from pipeline.quality.national_sd import national_sd


@pytest.mark.usefixtures("project")
class TestNationalSD:
    def test_a_published_figure_says_that_it_is_published(self):
        found = national_sd("progress_8", 2023, centred=True)
        assert found.sd == 1.414023
        assert found.said.startswith("published: Department for Education")

    def test_a_recovered_figure_says_from_which_file(self):
        found = national_sd("progress_8", 2018, centred=True)
        assert found.sd == 1.2625
        assert "850_ks4final.csv" in found.said

    def test_a_year_without_a_figure_says_so(self):
        found = national_sd("reading_progress", 2023, centred=True)
        assert found.sd is None
        assert "no published national pupil SD of 2022/23" in found.said

    def test_attainment_has_none(self):
        assert national_sd("attainment_8", 2019, centred=False).sd is None
