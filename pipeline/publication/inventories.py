"""Reading what the stages wrote of their files, and writing it in words."""

from typing import Any


def rows_of(counts: Any) -> str:
    """Write the rows of a file: by kind, or in all."""
    if isinstance(counts, dict):
        return ", ".join(f"{n:,} {kind}" for kind, n in counts.items() if n)
    return "" if counts is None else f"{counts:,}"


def under(key: str, tree: Any) -> list[Any]:
    """Find the entries that stand in lists of this name, however deep."""
    if isinstance(tree, list):
        return [entry for branch in tree for entry in under(key, branch)]
    if not isinstance(tree, dict):
        return []
    found: list[Any] = []
    for name, branch in tree.items():
        if name == key and isinstance(branch, list):
            found += branch
        found += under(key, branch)
    return found
