"""The `dvc` command of this project: DVC, with two checks in front of it.

Parameters are checked before DVC fills its stages from them, in the project's own words.
`dvc exp run` records the run as a Git object. Without a Git identity DVC stops with
'unexpected error' and a link to its help; here the user is told what to type.
"""

import os
import subprocess
import sys

from pipeline.run import parameters
from pipeline.run.faults import Fault

MEND = """Error: no Git identity, which `dvc exp run` needs to record the run
  expected: a name and an e-mail address in Git's settings
  what to do: git config user.name "Your Name"
              git config user.email "you@example.org"
  nothing was run; `make report` and `dvc repro` need no identity"""


def main() -> int:
    """Run DVC with the arguments of the command line."""
    if is_experiment(sys.argv[1:]) and not has_identity():
        sys.stderr.write(MEND + "\n")
        return 1
    if is_run(sys.argv[1:]):
        try:
            parameters.load(changes=changes(sys.argv[1:]))
        except FileNotFoundError:
            pass  # No project here: DVC says so itself.
        except Fault as fault:
            sys.stderr.write(f"Error: {fault}\n  nothing was run\n")
            return 1
    os.environ.setdefault("DVC_NO_ANALYTICS", "1")
    from dvc.cli import main as dvc

    return int(dvc(sys.argv[1:]))


def changes(arguments: list[str]) -> dict[str, str]:
    """Find the values that `-S key=value` changes.

    Forms that DVC takes from Hydra (`+key`, `~key`, several values) are left to it.
    """
    found = {}
    for before, word in zip(["", *arguments], arguments, strict=False):
        text = ""
        if before in ("-S", "--set-param"):
            text = word
        elif word.startswith("--set-param="):
            text = word.removeprefix("--set-param=")
        elif word.startswith("-S") and "=" in word:
            text = word.removeprefix("-S")
        key, equals, value = text.rpartition(":")[2].partition("=")
        if equals and key[:1].isalpha() and "," not in value:
            found[key] = value
    return found


def is_run(arguments: list[str]) -> bool:
    """Say whether these arguments run stages, which read the parameters."""
    words = [word for word in arguments if not word.startswith("-")]
    return words[:1] == ["repro"] or words[:2] in (["exp", "run"], ["experiments", "run"])


def is_experiment(arguments: list[str]) -> bool:
    """Say whether these arguments ask DVC for an experiment, which Git records."""
    words = [word for word in arguments if not word.startswith("-")]
    return words[:1] in (["exp"], ["experiments"]) and words[1:2] in (["run"], ["save"])


def has_identity() -> bool:
    """Say whether Git knows a name and an address, where DVC will look for them."""
    return all(
        _setting(f"user.{part.lower()}")
        or all(os.environ.get(f"{who}_{part}") for who in ("GIT_AUTHOR", "GIT_COMMITTER"))
        for part in ("NAME", "EMAIL")
    )


def _setting(name: str) -> str:
    asked = subprocess.run(
        ["git", "config", "--get", name],
        capture_output=True,
        text=True,
        check=False,
    )
    return asked.stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
