"""What a service has to offer for one place in the folder of sources."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Offer:
    """One file of a service, and where it is to stand."""

    place: str
    """Path below the folder of sources, as releases.yaml gives it."""
    url: str
    version: str
    """Version of the data set, or day of the register."""
