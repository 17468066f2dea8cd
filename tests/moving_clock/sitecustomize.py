"""Read by Python itself when a test puts this folder on PYTHONPATH: the clinic's clock says what a file says."""

import os
from datetime import datetime
from pathlib import Path

import clinic.clock

TOLD = Path(os.environ["MOVING_CLOCK"])

clinic.clock.now = lambda: datetime.fromisoformat(TOLD.read_text("ascii"))
