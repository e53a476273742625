import pytest
from pydantic import ValidationError

from services.imaging.report_form.form import ImagingForm, problems


def form(**changes: object) -> ImagingForm:
    return ImagingForm.model_validate({"findings": "双肺纹理清晰。", "impression": "未见明显异常。", **changes})


def found(checked: ImagingForm, **order: str) -> list[tuple[str, str]]:
    return [(problem.pointer, problem.code) for problem in problems(checked, **order)]


def test_a_form_that_says_both_is_ready() -> None:
    assert found(form()) == []


def test_an_empty_draft_is_kept_but_not_signed() -> None:
    assert found(ImagingForm()) == [("/findings", "required"), ("/impression", "required")]


def test_blanks_are_empty() -> None:
    assert found(form(impression=" \n\u3000 ")) == [("/impression", "required")]


@pytest.mark.parametrize(
    "text",
    [
        "大小约 ___ cm",
        "大小约＿＿",
        "【】肺",
        "[ ] 肺",
        "【左/右】肺",
        "【请选择】",
        "约XXmm",
        "约 ×× cm",
        "???",
        "<请填写>",
    ],
)
def test_leftover_words_of_a_template_are_refused(text: str) -> None:
    assert found(form(findings=text)) == [("/findings", "placeholder_left")]


@pytest.mark.parametrize(
    "text",
    ["约 3×4×5 cm", "【胸部】双肺清晰", "T1WI/T2WI 信号", "[1] 结节", "建议复查？", "file_name", "左/右心室比例"],
)
def test_ordinary_words_are_left_alone(text: str) -> None:
    assert found(form(findings=text)) == []


@pytest.mark.parametrize(
    ("laterality", "impression", "refused"),
    [
        ("L", "右侧桡骨骨折", True),
        ("R", "左侧桡骨骨折", True),
        ("L", "左侧桡骨骨折，右侧未见异常", False),
        ("L", "双侧骨质疏松，右侧著", False),
        ("L", "骨折", False),
        ("B", "右侧骨折", False),
    ],
)
def test_the_other_side_alone_is_refused(laterality: str, impression: str, refused: bool) -> None:
    expected = [("/impression", "laterality_contradiction")] if refused else []
    assert found(form(impression=impression), laterality=laterality) == expected


@pytest.mark.parametrize(("sex", "text"), [("M", "子宫大小正常"), ("F", "前列腺不大")])
def test_an_organ_of_the_other_sex_is_refused(sex: str, text: str) -> None:
    assert found(form(findings=text), sex=sex) == [("/findings", "sex_contradiction")]
    assert found(form(findings=text), sex="U") == []


def test_a_reader_may_stand_by_a_contradiction_he_saw() -> None:
    stands = form(impression="右侧骨折", acknowledged=["laterality_contradiction"])
    assert found(stands, laterality="L") == []


@pytest.mark.parametrize(
    "change",
    [
        {"findings": "长" * 20_001},
        {"findings": 1},
        {"positive": "yes"},
        {"colour": "x"},
        {"acknowledged": ["required"]},
    ],
    ids=lambda change: next(iter(change)),
)
def test_what_is_no_form_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        form(**change)
