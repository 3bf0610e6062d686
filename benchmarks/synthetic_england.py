"""How long the synthetic England takes, how much memory and room, size by size.

    python benchmarks/synthetic_england.py [primary schools] [secondary schools]

Without numbers it makes three countries: the smallest useful one, that of `params.yaml`
and one as large as England. Each is made in a process of its own, whose peak memory is
told; processor time stands beside wall time, since other work slows the second only.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from pipeline.england import world
from pipeline.england.__main__ import write

SIZES = ((240, 60), (1500, 400), (17_000, 3_400))
ROOT = Path(__file__).parents[1]


def measure(primary_schools: int, secondary_schools: int) -> dict[str, float]:
    """Make one country and tell what it took."""
    wall, processor = time.perf_counter(), time.process_time()
    country = world.build(
        1, primary_schools=primary_schools, secondary_schools=secondary_schools
    )
    drawn = time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        files = write(country, Path(folder))
        room = sum(path.stat().st_size for path in files)
    return {
        "primary schools": primary_schools,
        "secondary schools": secondary_schools,
        "seconds": round(time.perf_counter() - wall, 2),
        "processor seconds": round(time.process_time() - processor, 2),
        "of them drawing": round(drawn - processor, 2),
        "peak memory in MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "files": len(files),
        "files in MB": round(room / 1e6, 1),
    }


def main() -> None:
    """Measure the sizes asked for and print one line each."""
    if len(sys.argv) == 3:
        print(json.dumps(measure(int(sys.argv[1]), int(sys.argv[2]))))
        return
    for primary_schools, secondary_schools in SIZES:
        command = [sys.executable, __file__, str(primary_schools), str(secondary_schools)]
        subprocess.run(command, check=True, cwd=ROOT)


if __name__ == "__main__":
    main()
