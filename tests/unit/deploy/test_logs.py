"""Logs of children: fresh at each start, bounded while they run."""

from pathlib import Path

from deploy.local.logs import cut_when_large, last_line, rotate


def test_the_log_of_the_last_start_is_kept_beside(tmp_path: Path) -> None:
    log = tmp_path / "imaging.log"
    log.write_text("first\n")
    rotate(log)
    assert not log.exists()
    log.write_text("second\n")
    rotate(log)
    assert (tmp_path / "imaging.log.1").read_text() == "second\n"


def test_rotating_nothing_is_no_fault(tmp_path: Path) -> None:
    rotate(tmp_path / "imaging.log")
    assert list(tmp_path.iterdir()) == []


def test_a_large_log_is_cut_under_its_writer(tmp_path: Path) -> None:
    log = tmp_path / "imaging.log"
    with log.open("ab", buffering=0) as writer:
        writer.write(b"x" * 2000)
        assert cut_when_large(log, bound_bytes=1000)
        writer.write(b"after\n")
    assert log.read_bytes() == b"after\n"
    assert (tmp_path / "imaging.log.1").stat().st_size == 2000
    assert not cut_when_large(log, bound_bytes=1000)


def test_a_large_log_is_cut_even_where_it_cannot_be_copied(tmp_path: Path) -> None:
    log = tmp_path / "imaging.log"
    log.write_bytes(b"x" * 2000)
    (tmp_path / "imaging.log.1").mkdir()  # as on a full disk, the copy fails
    assert cut_when_large(log, bound_bytes=1000)
    assert log.read_bytes() == b""


def test_the_last_line_is_found_and_bounded(tmp_path: Path) -> None:
    log = tmp_path / "imaging.log"
    assert last_line(log) == ""
    log.write_text("first\nport is taken\n\n")
    assert last_line(log) == "port is taken"
    log.write_text("y" * 9000)
    assert len(last_line(log)) == 400
