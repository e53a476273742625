"""Statements by their AHA/ACC/HRS 2007 number (Mason JW et al., Circulation 2007;115:1325-1332), with Chinese texts."""

from dataclasses import replace

from services.ecg.rules.facts import Suggestion

_TEXTS = {
    "1": ("正常心电图", "Normal ECG"),
    "20": ("窦性心律", "Sinus rhythm"),
    "21": ("窦性心动过速", "Sinus tachycardia"),
    "22": ("窦性心动过缓", "Sinus bradycardia"),
    "23": ("窦性心律不齐", "Sinus arrhythmia"),
    "26": ("长间歇，窦性停搏待排", "Sinus pause or arrest"),
    "27": ("心律起源不确定", "Uncertain supraventricular rhythm"),
    "30": ("房性早搏可能", "Atrial premature complex(es)"),
    "34": ("异位房性心律可能", "Ectopic atrial rhythm"),
    "38": ("交界性心律可能", "Junctional rhythm"),
    "39": ("加速性交界性心律可能", "Accelerated junctional rhythm"),
    "50": ("心房颤动可能", "Atrial fibrillation"),
    "56": ("窄 QRS 波心动过速", "Narrow-QRS tachycardia"),
    "60": ("室性早搏可能", "Ventricular premature complex(es)"),
    "63": ("室性逸搏心律可能", "Idioventricular rhythm"),
    "64": ("加速性室性自主心律可能", "Accelerated idioventricular rhythm"),
    "71": ("短阵室性心动过速可能", "Ventricular tachycardia, unsustained"),
    "74": ("心室颤动可能", "Ventricular fibrillation"),
    "76": ("宽 QRS 波心动过速", "Wide-QRS tachycardia"),
    "80": ("PR 间期缩短", "Short PR interval"),
    "82": ("PR 间期延长（一度房室阻滞）", "Prolonged PR interval"),
    "101": ("左前分支阻滞可能", "Left anterior fascicular block"),
    "104": ("左束支阻滞可能", "Left bundle-branch block"),
    "106": ("右束支阻滞可能", "Right bundle-branch block"),
    "107": ("室内传导延迟", "Intraventricular conduction delay"),
    "108": ("心室预激待排", "Ventricular preexcitation"),
    "120": ("电轴右偏", "Right-axis deviation"),
    "121": ("电轴左偏", "Left-axis deviation"),
    "122": ("电轴极度右偏", "Right superior axis"),
    "125": ("低电压", "Low voltage"),
    "142": ("左心室高电压", "Left ventricular hypertrophy (voltage)"),
    "145+363": ("ST 段抬高", "ST deviation, elevation"),
    "145+362": ("ST 段压低", "ST deviation, depression"),
    "147": ("T 波倒置", "T-wave abnormality, inversion"),
    "148": ("QT 间期延长", "Prolonged QT interval"),
    "149": ("QT 间期缩短", "Short QT interval"),
    "181": ("心室起搏心律可能", "Ventricular-paced complex(es) or rhythm"),
}


def say(code: str, rule: str, **numbers: float | None) -> Suggestion:
    """Numbers that are None are left out."""
    text, text_en = _TEXTS[code]
    known = {name: float(value) for name, value in numbers.items() if value is not None}
    return Suggestion(code=code, text=text, text_en=text_en, rule=rule, numbers=known)


def with_more(suggestion: Suggestion, more: str) -> Suggestion:
    """The text with what follows it: leads, a modifier."""
    return replace(suggestion, text=suggestion.text + more)
