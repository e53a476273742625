"""What the services of a region are told, and what a region refuses."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.problems import CannotStart
from deploy.local.region import LISTENERS, Region, RegionOptions, open_region, plan_region
from deploy.local.state import State
from shared.migrate import SERVICES


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    state = State(tmp_path / "state")
    state.prepare()
    with state.locked():
        yield state


def region_of(state: State, *, demo: bool) -> Region:
    return open_region(RegionOptions(state.folder, port=0, demo=demo), state)


def test_every_service_has_an_api_and_a_worker_beside_the_front_door(state: State) -> None:
    servers, services = plan_region(region_of(state, demo=False)).stages
    assert [child.name for child in servers.children] == ["postgres", "nats"]
    expected = {name for service in SERVICES for name in (service, f"{service}-worker")} | {"caddy"}
    assert {child.name for child in services.children} == expected


def test_each_service_is_told_its_own_database_user_and_folders(state: State) -> None:
    region = region_of(state, demo=False)
    told = {service: region.service_environment(service) for service in SERVICES}
    for name in ("GONGZHEN_DATABASE_URL", "GONGZHEN_NATS_URL", "GONGZHEN_BLOBS", "GONGZHEN_SPOOL_DIR"):
        assert len({environment[name] for environment in told.values()}) == len(SERVICES)
    assert len({environment["GONGZHEN_REGION_BLOBS"] for environment in told.values()}) == 1
    assert told["ecg"]["GONGZHEN_PUBLIC_URL"] == region.address


def test_the_demo_is_switched_on_by_its_flag_only(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GONGZHEN_DEMO", "1")
    monkeypatch.setenv("GONGZHEN_DEMO_PASSWORD", "another")
    monkeypatch.setenv("GONGZHEN_LOG_LEVEL", "DEBUG")
    plain = region_of(state, demo=False).service_environment("gateway")
    assert [name for name in plain if name.startswith("GONGZHEN_DEMO")] == []
    assert plain["GONGZHEN_LOG_LEVEL"] == "DEBUG"
    demo = region_of(state, demo=True).service_environment("gateway")
    assert (demo["GONGZHEN_DEMO"], demo["GONGZHEN_DEMO_PASSWORD"]) == ("1", "another")


def test_the_environment_of_whoever_starts_it_stays_outside(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.test")
    monkeypatch.setenv("SOME_TOKEN", "secret")
    told = region_of(state, demo=False).service_environment("imaging")
    assert {"HTTPS_PROXY", "SOME_TOKEN"}.isdisjoint(told)


def test_the_demo_binds_loopback_only(state: State) -> None:
    with pytest.raises(CannotStart, match="demo region binds"):
        open_region(RegionOptions(state.folder, bind="0.0.0.0", demo=True), state)


def test_sheets_and_links_name_the_address_that_people_use(state: State) -> None:
    behind_tls = RegionOptions(state.folder, port=0, bind="0.0.0.0", public_url="https://region.example")
    told = open_region(behind_tls, state).service_environment("imaging")
    assert told["GONGZHEN_PUBLIC_URL"] == "https://region.example"


@pytest.mark.parametrize("address", [None, "region.example", "ftp://region.example", "https://"])
def test_an_address_nobody_could_follow_is_refused(state: State, address: str | None) -> None:
    with pytest.raises(CannotStart, match="--public-url"):
        open_region(RegionOptions(state.folder, port=0, bind="0.0.0.0", public_url=address), state)


def test_ports_are_written_for_tools(state: State) -> None:
    region = region_of(state, demo=False)
    assert json.loads((state.folder / "ports.json").read_text()) == region.ports
    assert {"front", "postgres", "nats", *SERVICES, *LISTENERS} == set(region.ports)
