import pytest
from pydantic import ValidationError

from services.gateway.accounts.schemas import SetupBody


def _body(username: str) -> SetupBody:
    return SetupBody.model_validate(
        {"token": "t", "username": username, "password": "p", "name": " 测试甲 ", "organization": {"name": "乙"}}
    )


def test_a_username_is_kept_in_lower_case_and_a_name_without_spaces_around() -> None:
    body = _body(" Reader.One-2 ")
    assert (body.username, body.name) == ("reader.one-2", "测试甲")


@pytest.mark.parametrize("username", ["", "a", "-abc", "读者", "a b", "a" * 64, "a/b", "a\nb"])
def test_what_is_no_username_is_refused(username: str) -> None:
    with pytest.raises(ValidationError):
        _body(username)
