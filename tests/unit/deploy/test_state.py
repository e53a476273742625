"""The state folder: one user at a time, ports remembered, secrets made once, nothing readable by others."""

import json
import os
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.ports import INNER_PORTS, choose_free_ports, is_free
from deploy.local.problems import CannotStart
from deploy.local.secrets import ADMIN, Secrets
from deploy.local.state import State


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    mask = os.umask(0o022)
    state = State(tmp_path / "state")
    state.prepare()
    yield state
    os.umask(mask)


def test_a_second_holder_is_told_who_holds_it(state: State) -> None:
    with (
        state.locked(),
        pytest.raises(CannotStart, match=re.escape(f"pid {os.getpid()}")),
        State(state.folder).locked(),
    ):
        raise AssertionError("held twice")


def test_the_lock_is_let_go_of(state: State) -> None:
    with state.locked():
        assert (state.folder / "lock").read_text() == f"{os.getpid()}\n"
    with State(state.folder).locked():
        assert (state.folder / "lock").read_text() == f"{os.getpid()}\n"


def test_what_is_made_in_it_is_for_its_owner_only(state: State) -> None:
    (state.folder / "spool").mkdir()
    (state.folder / "spool" / "upload").touch()
    for path in ("logs", "ready", "spool", "spool/upload"):
        assert (state.folder / path).stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("content", ["", '{"nats": 2', "[]", '{"nats": "x"}'])
def test_a_list_of_ports_that_a_power_cut_spoilt_is_made_anew(state: State, content: str) -> None:
    (state.folder / "ports.json").write_text(content)
    assert set(state.choose_ports(["nats"])) == {"nats"}


def test_ports_are_kept_while_they_are_free(state: State) -> None:
    ports = state.choose_ports(["postgres", "nats"])
    state.write_ports(ports)
    assert state.choose_ports(["postgres", "nats"]) == ports


def test_a_port_that_was_taken_since_is_chosen_anew(state: State) -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        taken = holder.getsockname()[1]
        (state.folder / "ports.json").write_text(json.dumps({"postgres": taken}))
        assert not is_free(taken)
        assert state.choose_ports(["postgres"])["postgres"] in INNER_PORTS


def test_ports_are_all_different() -> None:
    assert len(set(choose_free_ports(50))) == 50


def test_secrets_are_made_once_and_grow_with_the_services(state: State) -> None:
    first = Secrets.load_or_create(state.secrets_file, ["imaging"])
    second = Secrets.load_or_create(state.secrets_file, ["imaging", "pathology"])
    assert second.nats_encryption_key == first.nats_encryption_key
    assert {name: second.postgres[name] for name in (ADMIN, "imaging")} == first.postgres
    assert {name: second.nats[name] for name in (ADMIN, "imaging")} == first.nats
    assert Secrets.load_or_create(state.secrets_file, ["imaging"]) == second


def test_the_secrets_file_is_for_its_owner_only(state: State) -> None:
    os.umask(0)
    Secrets.load_or_create(state.secrets_file, ["imaging"])
    assert state.secrets_file.stat().st_mode & 0o777 == 0o600


def test_no_two_secrets_are_equal() -> None:
    made = Secrets.generate(["imaging", "ecg"])
    values = [*made.postgres.values(), *made.nats.values(), made.nats_encryption_key]
    assert len(set(values)) == len(values) == 7
    assert min(map(len, values)) >= 32
