import pytest

from services.lab.parse.hl7 import read_hl7
from services.lab.parse.message import ControlFacts
from tests.support.lab_messages import blood_count, chemistry, chemistry_control


def test_chemistry_controls_are_read_from_the_order() -> None:
    (message,) = read_hl7(chemistry_control().encode())
    runs = [(group.control, group.lines[0]) for group in message.groups]
    assert [(facts, line.code, line.value, line.unit) for facts, line in runs] == [
        (ControlFacts("1111", "L", "QUAL1"), "7", "29.137470", "U/L"),
        (ControlFacts("2222", "M", "QUAL2"), "7", "54.2", "U/L"),
    ]
    assert all(group.specimen_number == "" for group in message.groups)


def test_a_calibration_is_neither_a_patients_nor_a_control_run() -> None:
    (message,) = read_hl7(chemistry(kind="1").encode())
    assert message.groups[0].control == ControlFacts("", "", role="calibrator")


@pytest.mark.parametrize("processing", ["Q", "P"])
def test_haematology_controls(processing: str) -> None:
    text = blood_count("6", processing=processing).replace("00001^Automated Count", "00003^LJ QCR")
    text = text.replace("P0001^^^^MR", "LOT66^^^^MR") + "OBX|99|IS|05001^Qc Level^99MRC||M||||||F\r"
    (group,) = read_hl7(text.encode())[0].groups
    assert group.control == ControlFacts(lot="LOT66", level="M")
    assert group.patient.id == ""


@pytest.mark.parametrize(
    ("letter", "role"), [("Q", "control"), ("C", "calibrator"), ("B", "blank"), ("F", "proficiency"), ("P", None)]
)
def test_the_role_of_a_law_specimen(letter: str, role: str | None) -> None:
    text = (
        "MSH|^~\\&|X|Y|||20261105101500||OUL^R22^OUL_R22|1|P|2.5.1||||||UNICODE UTF-8\r"
        f"SPM|1|QC7||SER|||||||{letter}\rINV|CTRL1|OK|CO|||||||||||||LOT9\rOBR||O1||GLU\rOBX|1|NM|GLU||5.1|mmol/L\r"
    )
    (group,) = read_hl7(text.encode())[0].groups
    assert group.control == (ControlFacts("LOT9", "", "CTRL1", role) if role else None)  # type: ignore[arg-type]


def test_a_rack_control_by_its_number() -> None:
    (group,) = read_hl7(blood_count("QC-32630801").encode())[0].groups
    assert group.control == ControlFacts("32630801", "", "QC-32630801")


def test_a_patients_specimen_is_no_control() -> None:
    assert read_hl7(blood_count().encode())[0].groups[0].control is None
    assert read_hl7(chemistry().encode())[0].groups[0].control is None
