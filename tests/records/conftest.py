"""A folder of records that is in order, for a test to spoil."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipeline.run.faults import InputFault

TEMPLATES = Path(__file__).resolve().parents[2] / "data" / "templates"


@dataclass
class Records:
    """The organisation's folder, filled with the templates."""

    folder: Path

    def write(self, name, *lines, encoding="utf-8"):
        """Write the lines of a file in place of what stood there."""
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("\n".join(lines) + "\n", encoding=encoding)
        return path

    def header(self, name):
        return (TEMPLATES / name).read_text(encoding="utf-8").splitlines()[0]

    def rows(self, name, *rows):
        """Write rows below the header of the template."""
        return self.write(name, self.header(name), *rows)

    def replace(self, name, old, new):
        """Write something else in one place of a file."""
        path = self.folder / name
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1, text
        path.write_text(text.replace(old, new), encoding="utf-8")


@pytest.fixture
def records(tmp_path):
    folder = tmp_path / "registers"
    shutil.copytree(TEMPLATES, folder)
    return Records(folder)


@pytest.fixture
def refused(records):
    """Read a record that is at fault and give what the fault says."""

    def read(reader, *bounds):
        with pytest.raises(InputFault) as fault:
            reader(records.folder, "registers", *bounds)
        return str(fault.value)

    return read
