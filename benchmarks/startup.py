"""Seconds that `import torchkeras` takes over `import torch`: the best and the median of ten.

python benchmarks/startup.py
"""

import statistics
import subprocess
import sys

SCRIPT = """
import time, torch
start = time.perf_counter()
import torchkeras
print(time.perf_counter() - start)
"""


def main() -> None:
    """Print the figures."""
    times = [
        float(subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True,
                             check=True).stdout)
        for _ in range(10)
    ]  # fmt: skip
    print(f"import torchkeras: best {min(times):.3f} s, median {statistics.median(times):.3f} s")


if __name__ == "__main__":
    main()
