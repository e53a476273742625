"""The command line: what it refuses, in one line and with a code other than 0."""

import pytest

from deploy.cli.main import main


def test_migrate_says_which_variable_is_missing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GONGZHEN_DATABASE_URL", raising=False)
    assert main(["migrate", "imaging"]) == 1
    error = capsys.readouterr().err
    assert "GONGZHEN_DATABASE_URL" in error
    assert error.count("\n") == 1


@pytest.mark.parametrize("arguments", [[], ["no-such-command"], ["migrate", "no-such-service"], ["up", "--port", "x"]])
def test_what_it_does_not_know_is_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(arguments)
    assert "usage: gongzhen" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["up", "migrate"])
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main([command, "--help"])
    assert command in capsys.readouterr().out
