"""The command line: what it refuses, in one line and with a code other than 0."""

import subprocess
import sys
from pathlib import Path

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


def test_a_console_that_went_away_ends_nothing() -> None:
    """``gongzhen up | tee``: the same Ctrl-C ends the reader first, and the children have still to be stopped."""
    program = "from deploy.cli.up import say; say('stopping'); import os; os.write(2, b'went on')"
    child = subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert child.stdout is not None
    child.stdout.close()
    assert child.stderr is not None
    assert b"went on" in child.stderr.read()
    child.stderr.close()
    child.wait()


def test_a_state_folder_that_cannot_be_made_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    assert main(["up", "--state", str(tmp_path / "file" / "state")]) == 1
    assert capsys.readouterr().err.count("\n") == 1
