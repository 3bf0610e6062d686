"""What was brought, when and from where: acquired.json beside the downloads."""

import json
from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from pipeline.contracts import promise
from pipeline.run import locations
from pipeline.run.faults import Fault

NAME = "acquired.json"


class Receipt(BaseModel):
    """How one file came to be where it is."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: str
    licence: str
    url: str
    """Address it was fetched from, or page it was saved from by hand."""
    version: str | None
    sha256: str
    bytes: int
    retrieved: str | None
    """When it was fetched (UTC). None for a file saved by hand: nobody knows."""
    checked: str
    """When it was found to be readable (UTC)."""


class _Receipts(BaseModel):
    model_config = ConfigDict(extra="forbid")

    files: dict[str, Receipt]


def read(into: Path) -> dict[str, Receipt]:
    """Read the receipts of a folder of sources, by place; none where there are none."""
    path = into / NAME
    if not path.is_file():
        return {}
    try:
        return _Receipts.model_validate_json(path.read_bytes()).files
    except (OSError, ValidationError) as broken:
        shown = locations.shown(path)
        raise Fault(
            f"{shown}: cannot be read ({type(broken).__name__})\n"
            "  expected: the receipts as this command wrote them\n"
            f"  what to do: move {shown} away; files with the pinned content are known "
            "by it, and --check writes receipts for them"
        ) from broken


def write(into: Path, receipts: Mapping[str, Receipt]) -> None:
    """Write all receipts in the order of their places, whole or not at all."""
    files = {place: receipts[place].model_dump() for place in sorted(receipts)}
    text = json.dumps({"files": files}, indent=1, ensure_ascii=False) + "\n"
    promise.write_text(text, into / NAME)
