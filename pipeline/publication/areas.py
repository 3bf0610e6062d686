"""Names of the areas that tables are of: 'Hampshire' where a file says 850."""

from functools import cache
from pathlib import Path, PurePosixPath

import yaml

from pipeline.run import locations

FILE_NAME = "local_authorities.yaml"


def name_of(code: str) -> str:
    """Name an area: 'Hampshire (850)'; its code alone where no name is known."""
    if code == "england":
        return "England"
    name = _names(locations.reference(FILE_NAME)).get(code)
    return f"local authority {code}" if name is None else f"{name} ({code})"


def beside(file: str, area: str) -> str:
    """Name a file, and its area where the file's own name says that in digits alone."""
    digits = PurePosixPath(file).name[:3].isdigit() and area != "england"
    return f"{file}: {name_of(area)}" if digits else file


@cache
def _names(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    names: dict[str, str] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return names
