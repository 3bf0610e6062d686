"""Every way in which a file is spoilt: importing this registers them all."""

from tests.fuzz import (
    spoil_bytes,
    spoil_cells,
    spoil_places,
    spoil_registers,
    spoil_tables,
    spoil_workbooks,
    spoil_zips,
)

FAMILIES = (
    spoil_bytes.RAW,
    spoil_bytes.ENCODING,
    spoil_tables.COLUMNS,
    spoil_tables.ROWS,
    spoil_cells.CELLS,
    spoil_registers.PEOPLE,
    spoil_zips.ZIP,
    spoil_workbooks.BOOKS,
    spoil_places.PLACES,
)
"""In the order of the report."""
