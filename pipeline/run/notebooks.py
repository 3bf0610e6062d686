"""Notebooks as source: without outputs, so that a diff shows what a person changed."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from pipeline.run import locations


def stripped(text: str) -> str:
    """Take outputs, counts and everything volatile from a notebook; keep cell ids."""
    notebook: dict[str, Any] = json.loads(text)
    for cell in notebook["cells"]:
        tags = cell.get("metadata", {}).get("tags")
        cell["metadata"] = {"tags": tags} if tags else {}
        if cell["cell_type"] == "code":
            cell["outputs"] = []
            cell["execution_count"] = None
    notebook["metadata"] = {
        "kernelspec": {
            "display_name": "Python 3",
            "language": "python",
            "name": "python3",
        },
        "language_info": {"name": "python"},
    }
    return json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def unstripped(folder: Path) -> list[Path]:
    """List the notebooks that are not as `stripped` leaves them."""
    return [
        path
        for path in sorted(folder.glob("*.ipynb"))
        if path.read_text(encoding="utf-8") != stripped(path.read_text(encoding="utf-8"))
    ]


def main(arguments: list[str] | None = None) -> int:
    """Strip all notebooks, or with --check say which are not stripped."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing")
    asked = parser.parse_args(arguments)
    found = unstripped(locations.root() / "notebooks")
    for path in found:
        if asked.check:
            sys.stderr.write(f"{locations.shown(path)} holds outputs: make notebooks\n")
        else:
            path.write_text(stripped(path.read_text(encoding="utf-8")), encoding="utf-8")
    return 1 if found and asked.check else 0


if __name__ == "__main__":
    sys.exit(main())
