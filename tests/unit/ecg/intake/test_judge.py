"""What leaves the sandbox is small, and says of each recording what is stored of it."""

import pickle
from datetime import date

from services.ecg.intake.judge import Ordered, ToJudge, judge
from services.ecg.parse.reader import SourceFile
from services.ecg.rules.trace import unpack
from tests.support.ecg_carts import table
from tests.support.ecg_signals import make_ecg

RULES = "national@2017"


def test_the_answer_carries_no_samples_beside_the_trace() -> None:
    files = [SourceFile(f"{number}.csv", table(make_ecg(noise_uv=5 + number))) for number in range(3)]
    upload = judge(ToJudge(files, Ordered(rule_set=RULES)))
    assert len(upload.recordings) == 3
    for each in upload.recordings:
        trace = unpack(each.trace)
        assert (each.sample_count, each.recording.leads) == (trace.steps.shape[1], trace.leads)
        assert trace.median is not None
    assert len(pickle.dumps(upload)) < 1.2 * sum(len(each.trace) for each in upload.recordings)


def test_a_child_has_its_own_limits_and_an_unknown_age_an_adults() -> None:
    files = [SourceFile("a.csv", table(make_ecg(heart_rate_bpm=75, noise_uv=5)))]

    def rhythm(ordered: Ordered) -> str:
        return judge(ToJudge(files, ordered)).recordings[0].suggestions[0].text

    assert rhythm(Ordered(rule_set=RULES)) == "窦性心律"
    assert rhythm(Ordered(birth_date=date(2025, 11, 1), rule_set=RULES)) == "窦性心动过缓"
