"""What the challenges came to, read again without trying anew."""

import pandas as pd

from pipeline.contracts import promise
from pipeline.contracts.improvement import FINDINGS
from pipeline.contracts.specifications import SPECIFICATIONS
from pipeline.run import locations


def read(evaluation: str) -> pd.DataFrame:
    """Read what the stage `break` wrote."""
    return promise.read(locations.robustness(evaluation), FINDINGS)


def read_specifications(evaluation: str) -> pd.DataFrame:
    """Read every fit of the specification curves."""
    return promise.read(locations.specifications(evaluation), SPECIFICATIONS)
