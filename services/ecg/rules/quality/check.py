"""Is this recording good enough to be read? Answered at intake, while the patient still lies on the couch.

Every problem is told once: of a limb electrode as one fault of the recording with the leads it spoils, of a chest
electrode at its lead. Every text says what to do.
"""

from services.ecg.parse.leads import CHEST, STANDARD, with_derived_limb_leads
from services.ecg.parse.recording import Recording
from services.ecg.rules.facts import Analysis, LeadQuality, Quality, QualityFault
from services.ecg.rules.quality.electrodes import NAMES, ElectrodeFault, electrode_faults
from services.ecg.rules.quality.leads import RANK, Fault, Verdict, advice, faults_of
from services.ecg.rules.quality.reversal import suspect_reversal
from services.ecg.rules.quality.signals import Disturbances, measure
from services.ecg.rules.quality.whole import Found, recording_faults

NO_SIGNAL_SHARE = 0.9
UNUSABLE_CHEST = 3
"""One or two lost chest leads leave infarction of a wall and the rhythm readable; half of them do not."""

_SPREAD = {"limbs": "limb_leads_disturbed", "all": "all_leads_disturbed"}


def check_quality(recording: Recording, analysis: Analysis | None = None) -> Quality:
    """Without ``analysis`` nothing is said of beats and swapped limb electrodes."""
    if {"I", "II"} <= set(recording.leads):
        recording = with_derived_limb_leads(recording)
    if not recording.leads or not recording.microvolts.shape[1]:
        return Quality("unusable", (), (QualityFault("no_signal", "没有波形，请重做"),))
    numbers = measure(recording.microvolts, recording.sampling_rate_hz, recording.resolution_uv)
    if bool((numbers.silent_share >= NO_SIGNAL_SHARE).all()):
        return _no_signal(recording)
    faults = {lead: faults_of(numbers, row) for row, lead in enumerate(recording.leads)}
    electrodes = electrode_faults(faults, recording.derived)
    whole = [_electrode(each, recording, numbers) for each in electrodes]
    whole += recording_faults(recording) + _of_beats(recording, analysis, faults)
    too_few = any(fault.code == "too_few_leads" for fault, _ in whole)
    missing = [_missing(lead, told=too_few) for lead in STANDARD if lead not in recording.leads]
    leads = [_lead(lead, faults, electrodes, recording, numbers) for lead in recording.leads]
    verdicts = [verdict for _, verdict in whole] + [_overall([*leads, *missing])]
    return Quality(
        max(verdicts, key=RANK.__getitem__),
        tuple(sorted([*leads, *missing], key=lambda each: _place(each.lead))),
        tuple(fault for fault, _ in sorted(whole, key=lambda each: -RANK[each[1]])),
    )


def _place(lead: str) -> int:
    return STANDARD.index(lead) if lead in STANDARD else len(STANDARD)


def _no_signal(recording: Recording) -> Quality:
    text = "各导联均为平线：请先看患者，再检查电极、导联线与心电图机"
    leads = tuple(LeadQuality(lead, "unusable", ("flat",)) for lead in recording.leads)
    return Quality("unusable", leads, (QualityFault("no_signal", text, recording.leads),))


def _electrode(each: ElectrodeFault, recording: Recording, numbers: Disturbances) -> Found:
    mains_hz = float(numbers.mains_hz[recording.leads.index(each.leads[0])])
    text = advice(NAMES[each.electrode], each.fault, mains_hz)
    code = _SPREAD.get(each.electrode, f"electrode_{each.electrode.lower()}")
    return QualityFault(code, text, each.leads), each.fault.verdict


def _missing(lead: str, *, told: bool) -> LeadQuality:
    return LeadQuality(lead, "unusable", ("missing",), "" if told else f"缺 {lead} 导联，请检查电极与导线后重做")


def _lead(
    lead: str,
    faults: dict[str, tuple[Fault, ...]],
    electrodes: tuple[ElectrodeFault, ...],
    recording: Recording,
    numbers: Disturbances,
) -> LeadQuality:
    own = faults[lead]
    if not own:
        return LeadQuality(lead, "ok")
    told = {each.fault.code for each in electrodes if lead in each.leads}
    if lead in recording.derived or lead.startswith("aV"):
        told |= {fault.code for parent in ("I", "II") for fault in faults.get(parent, ())}
    mains_hz = float(numbers.mains_hz[recording.leads.index(lead)])
    text = "；".join(advice(lead, fault, mains_hz) for fault in own if fault.code not in told)
    return LeadQuality(lead, own[0].verdict, tuple(fault.code for fault in own), text)


def _of_beats(recording: Recording, analysis: Analysis | None, faults: dict[str, tuple[Fault, ...]]) -> list[Found]:
    if analysis is None:
        return []
    if not analysis.beats.samples:
        text = "未检出 QRS 波：请先看患者（停搏、室颤？），再检查电极后重做"
        return [(QualityFault("no_qrs", text), "poor")]
    if analysis.median is None or any(_is_lost(faults.get(lead, ())) for lead in ("I", "II", "V6")):
        return []
    paced = analysis.measurements.paced or bool(analysis.spike_samples)
    reversal = suspect_reversal(analysis.median, paced=paced)
    if reversal is None:
        return []
    code = "dextrocardia" if reversal.code == "dextrocardia" else "limb_leads_swapped"
    return [(QualityFault(code, reversal.text, ("I", "II", "III", "aVR", "aVL", "aVF")), "poor")]


def _is_lost(faults: tuple[Fault, ...]) -> bool:
    return any(fault.verdict == "unusable" for fault in faults)


def _overall(leads: list[LeadQuality]) -> Verdict:
    """A lost limb electrode has spoken for itself; what is missing from the file is ``too_few_leads`` or one lead."""
    lost = [each.lead for each in leads if each.verdict == "unusable" and "missing" not in each.faults]
    if len([lead for lead in lost if lead in CHEST]) >= UNUSABLE_CHEST or {"I", "II"} <= set(lost):
        return "unusable"
    return "ok" if all(each.verdict == "ok" for each in leads) else "poor"
