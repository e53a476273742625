"""Codes in the words of a Chinese sheet."""

from datetime import date, datetime

from shared.clock import to_shanghai

SEX = {"M": "男", "F": "女", "O": "其他", "U": "不详"}
LATERALITY = {"L": "左侧", "R": "右侧", "B": "双侧"}
ENCOUNTER_NUMBER = {
    "outpatient": "门诊号",
    "inpatient": "住院号",
    "emergency": "急诊号",
    "checkup": "体检号",
}
_AGE_UNITS = {"Y": "岁", "M": "个月", "W": "周", "D": "天"}


def show_age(birth_date: date | None, age: str | None, at: datetime) -> str:
    """``65岁``, ``3岁2个月`` below six, ``5个月``, ``12天``; empty where neither is known, or the birth lies ahead.

    A child's months matter to whoever reads the film, so they are printed where hospitals print them.
    """
    if birth_date is None:
        return f"{int(age[:-1])}{_AGE_UNITS[age[-1]]}" if age else ""
    day = to_shanghai(at).date()
    months = (day.year - birth_date.year) * 12 + day.month - birth_date.month - (day.day < birth_date.day)
    if day < birth_date:
        return ""
    if months < 1:
        return f"{(day - birth_date).days}天"
    years, rest = divmod(months, 12)
    if years >= 6:
        return f"{years}岁"
    return (f"{years}岁" if years else "") + (f"{rest}个月" if rest else "")
