import fcntl
from pathlib import Path

from clinic.watch.ready import Stability, files_in, is_free
from clinic.watch.recording import Group, data_files_of, groups_of
from clinic.watch.rejected import free_name


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_file_counts_once_it_has_not_changed_for_a_while(tmp_path: Path) -> None:
    clock, path = Clock(), tmp_path / "a.xml"
    stability = Stability(3, clock)
    path.write_text("one")
    assert stability.whole([path]) == []
    clock.now = 2
    path.write_text("longer")
    assert stability.whole([path]) == []
    clock.now = 4
    assert stability.whole([path]) == []
    clock.now = 5
    assert stability.whole([path]) == [path]


def test_a_file_that_was_never_looked_at_before_never_counts_at_once(tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    path.write_text("one")
    stability = Stability(0, Clock())
    assert stability.whole([path]) == []
    assert stability.whole([path]) == [path]


def test_unfinished_hidden_and_our_own_files_are_passed_over(tmp_path: Path) -> None:
    for name in ("a.xml", "b.tmp", ".c", "~d", "done/e.xml", "rejected/f.xml", "sub/done/g.xml", "h.PART"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    (tmp_path / "link.xml").symlink_to(tmp_path / "a.xml")
    assert [str(path.relative_to(tmp_path)) for path in files_in(tmp_path)] == ["a.xml", "sub/done/g.xml"]


def test_a_header_keeps_its_data_together(tmp_path: Path) -> None:
    header, data, other = tmp_path / "r.hea", tmp_path / "r.dat", tmp_path / "x.csv"
    header.write_text("# made by a cart\nr 2 500 5000\nr.dat 16 200 16 0 0 0 0 I\nr.dat 16 200 16 0 0 0 0 II\n")
    data.write_bytes(b"12")
    other.write_text("x")
    assert groups_of([data, header, other]) == [Group((header, data)), Group((other,))]
    assert groups_of([header]) == [Group((header,), ("r.dat",))]
    assert groups_of([data]) == [Group((data,), ("r.hea",))]


def test_a_header_reaches_no_file_outside_its_folder(tmp_path: Path) -> None:
    header = tmp_path / "r.hea"
    header.write_text("r 2 500 5000\n../../secret.dat 16\n/abs.dat 16\n.. 16\n")
    assert data_files_of(header) == []


def test_no_file_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "a.b.csv").write_text("x")
    (tmp_path / "noend").write_text("x")
    assert free_name(tmp_path, "a.b.csv").name == "a.b-2.csv"
    assert free_name(tmp_path, "noend").name == "noend-2"
    assert free_name(tmp_path, "new.csv").name == "new.csv"


def test_a_file_that_somebody_locks_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    path.write_text("x")
    with path.open("r+b") as holder:
        fcntl.flock(holder, fcntl.LOCK_EX)
        assert not is_free(path)
    assert is_free(path)
    assert not is_free(tmp_path / "gone.xml")
