"""Writes accepted_names.json: all that a config can name. Look at the difference before."""

import json
from pathlib import Path

from saving.test_hostile_config import GOLDEN, accepted

assert Path(GOLDEN).parent.exists()
GOLDEN.write_text(json.dumps(accepted(), indent=0) + "\n")
