"""What is done about the pid file of a PostgreSQL that ended unasked."""

import os
import subprocess
import sys
import threading
from pathlib import Path

from deploy.local.postmaster import clear_leftover

# Whoever starts the tests in the background lets them ignore SIGINT, and their children too.
_SLEEP = "import signal, time; signal.signal(signal.SIGINT, signal.SIG_DFL); print(flush=True); time.sleep(60)"


def test_no_file_is_nothing_to_do(tmp_path: Path) -> None:
    clear_leftover(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_file_of_a_dead_server_is_left_to_postgres(tmp_path: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    (tmp_path / "postmaster.pid").write_text(f"{ended.pid}\n{tmp_path}\n")
    clear_leftover(tmp_path)
    assert (tmp_path / "postmaster.pid").exists()


def test_a_file_that_a_power_cut_left_empty_would_stop_postgres(tmp_path: Path) -> None:
    (tmp_path / "postmaster.pid").touch()
    clear_leftover(tmp_path)
    assert not (tmp_path / "postmaster.pid").exists()


def test_a_pid_that_another_program_has_now_is_no_server(tmp_path: Path) -> None:
    (tmp_path / "postmaster.pid").write_text(f"{os.getpid()}\n{tmp_path}\n")
    clear_leftover(tmp_path)
    assert not (tmp_path / "postmaster.pid").exists()


def test_a_server_that_still_runs_is_asked_to_stop(tmp_path: Path) -> None:
    server = subprocess.Popen([sys.executable, "-c", _SLEEP, str(tmp_path)], stdout=subprocess.PIPE)
    assert server.stdout is not None
    server.stdout.readline()
    (tmp_path / "postmaster.pid").write_text(f"{server.pid}\n{tmp_path}\n")
    reaper = threading.Thread(target=server.wait)  # we are its parent: until it is waited for, its pid lives on
    reaper.start()
    clear_leftover(tmp_path)
    reaper.join(10)
    server.stdout.close()
    assert server.returncode != 0
