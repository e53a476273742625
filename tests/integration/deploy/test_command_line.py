"""What a command says of a region that is not running."""

import pytest

from deploy.cli.main import main


@pytest.mark.parametrize("words", [["audit", "check", "imaging"], ["replay", "gateway", "--center", "imaging"]])
def test_a_database_that_is_away_is_one_line(
    words: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GONGZHEN_IMAGING_DATABASE_URL", "postgresql+asyncpg://imaging:x@127.0.0.1:1/imaging")
    assert main(words) == 1
    error = capsys.readouterr().err
    assert error.startswith("gongzhen: ")
    assert error.count("\n") == 1
