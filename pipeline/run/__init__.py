"""How a run is set up: parameters, locations, the notebook engine."""
