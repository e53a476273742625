import argparse
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.cli import verify
from shared.signing.authority import Authority, create_development_authority
from shared.signing.document import SignerRole
from shared.signing.jws import add_signature, dump_jws, sign_author
from shared.signing.signatory import Signatory
from tests.unit.signing.people import now, statement

Run = Callable[..., int]


@pytest.fixture
def run() -> Run:
    parser = argparse.ArgumentParser()
    verify.add_parser(parser.add_subparsers(required=True))

    def call(*words: object) -> int:
        args = parser.parse_args(["verify", *map(str, words)])
        status: int = args.run(args)
        return status

    return call


@pytest.fixture
def roots_file(tmp_path: Path, authority: Authority) -> Path:
    path = tmp_path / "region-roots.pem"
    path.write_text(authority.roots_pem)
    return path


@pytest.fixture
def report(tmp_path: Path, author: Signatory, reviewer: Signatory) -> Path:
    path = tmp_path / "report.jws"
    one = sign_author(statement().canonical(), author, now())
    path.write_bytes(dump_jws(add_signature(one, reviewer, SignerRole.REVIEWER, now())))
    return path


def test_a_good_report_is_0_and_named_in_words(
    run: Run, report: Path, roots_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(report, "--roots", roots_file) == 0
    said = capsys.readouterr().out
    for words in ("有效 VALID", "report_01test", "开发测试证书", "测试医师甲", "测试医师乙", statement().sha256()):
        assert words in said


def test_the_roots_of_a_region_here_are_found_in_its_state(run: Run, report: Path, roots_file: Path) -> None:
    assert run(report, "--state", roots_file.parent) == 0


def test_a_report_of_another_region_is_1_with_the_reason(
    run: Run, report: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other.pem"
    other.write_text(create_development_authority("别县").roots_pem)
    assert run(report, "--roots", other) == 1
    said = capsys.readouterr().out
    assert "无效 NOT VALID" in said
    assert "untrusted_signer" in said


@pytest.mark.parametrize("name", ["absent.pdf", "text.pdf"])
def test_a_file_that_cannot_be_read_is_2(
    run: Run, name: str, tmp_path: Path, roots_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "text.pdf").write_text("hello")
    assert run(tmp_path / name, "--roots", roots_file) == 2
    assert "cannot be read" in capsys.readouterr().err


def test_roots_that_are_not_there_are_2(run: Run, report: Path, tmp_path: Path) -> None:
    assert run(report, "--state", tmp_path / "nowhere") == 2
    assert run(report, "--url", "file:///etc/passwd") == 2
