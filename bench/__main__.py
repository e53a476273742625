"""``python -m bench``: a region with demo accounts on free ports, every figure, then everything stops."""

import os
import shutil
import tempfile
from pathlib import Path

from bench import chain, dicomweb, ecg_intake, lab_centre, lab_messages, lab_rules, memory, queues
from bench.figures import table
from tests.support.region import RunningRegion


def main() -> None:
    figures = ecg_intake.parsing()  # before the region takes its share of the machine
    figures += lab_messages.reading() + lab_rules.autoverification() + lab_rules.westgard()
    state = Path(tempfile.mkdtemp(prefix="gongzhen-bench-"))
    if os.geteuid() == 0:
        state.chmod(0o711)
    region = RunningRegion(state)
    try:
        measures = (chain.uploads, chain.whole_chain, ecg_intake.uploads, dicomweb.viewer, queues.polls)
        for measure in (*measures, queues.next_claims):
            figures += measure(region)
            print(f"… {measure.__module__}.{measure.__name__}", flush=True)
        region.forget_people()
        figures += dicomweb.searches(region)
        figures += lab_centre.figures_of(region)
        region.forget_people()
        figures += memory.large_upload(region)
        figures += memory.peaks(region)
    finally:
        region.stop()
        shutil.rmtree(state)
    print(table(figures))


if __name__ == "__main__":
    main()
