"""How much of England the files hold, and what the other schools may be called."""

from pipeline.comparison.compared import Compared, names_england
from pipeline.measures.measure import KEY_STAGES, KeyStage

REST_OF_ENGLAND = "the rest of England"
OTHERS_IN_ENGLAND = "other schools in England"
OTHER_SCHOOLS = "other schools in these files"
# ASSUME: files that hold nine in ten of the pupils that the department counts may be
# called England; a table without special schools or small schools holds more than that.
ENOUGH_OF_ENGLAND = 0.9


def others(compared: Compared, *, of_programme: bool = False) -> dict[KeyStage, str]:
    """Say for each key stage whom the partners are compared with, in words.

    Files of some local authorities are not England. A file that the department names
    'england' is taken at its word, unless its national row counts many more pupils than
    its schools hold; every estimate of the key stage has to rest on such a file. The
    others of a programme hold partners too, so that they are no 'rest'.
    """
    england = OTHERS_IN_ENGLAND if of_programme else REST_OF_ENGLAND
    return {ks: england if _covers(compared, ks) else OTHER_SCHOOLS for ks in KEY_STAGES}


def _covers(compared: Compared, key_stage: KeyStage) -> bool:
    used = compared.lineage[compared.lineage["key_stage"] == key_stage]
    cells = used.groupby(["measure", "group", "year"])["file"]
    if used.empty or not all(names_england(files) for _, files in cells):
        return False
    national = compared.national
    counted = national[(national["key_stage"] == key_stage) & (national["group"] == "all")]
    known = counted.dropna(subset=["published_pupils", "pupils"])
    share = known["pupils"].astype(float) / known["published_pupils"].astype(float)
    return bool((share >= ENOUGH_OF_ENGLAND).all())
