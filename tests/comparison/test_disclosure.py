import pytest

from pipeline.comparison.disclosure import too_few


@pytest.mark.parametrize("pupils", [1, 2, 3, 4, 5])
def test_one_to_five_pupils_are_too_few(pupils):
    assert too_few([pupils, 1000], up_to=5)
    assert too_few([1000, pupils], up_to=5)


@pytest.mark.parametrize("pupils", [0, 6, None])
def test_none_at_all_and_six_are_not(pupils):
    assert not too_few([pupils, 1000], up_to=5)
