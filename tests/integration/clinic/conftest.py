from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from clinic.program import Program
from tests.support.clinic_gateway import GatewayProcess, make_config
from tests.support.clinic_region import ClinicRegion

Start = Callable[..., Program]
StartProcess = Callable[..., GatewayProcess]


@pytest.fixture
def centre() -> Iterator[ClinicRegion]:
    running = ClinicRegion()
    yield running
    running.down()


@pytest.fixture
def start(centre: ClinicRegion, tmp_path: Path) -> Iterator[Start]:
    """The program in this process, on free ports."""
    running: list[Program] = []

    def begin(**sections: str) -> Program:
        program = Program(make_config(tmp_path, centre.url, **sections))
        running.append(program)
        program.start()
        return program

    yield begin
    for program in running:
        program.stop()
        assert not program.failed.is_set()


@pytest.fixture
def start_process(centre: ClinicRegion, tmp_path: Path) -> Iterator[StartProcess]:
    """The program as a process, which may be killed."""
    running: list[GatewayProcess] = []

    def begin(url: str = "", **options: Any) -> GatewayProcess:
        gateway = GatewayProcess(tmp_path, url or centre.url, **options)
        running.append(gateway)
        return gateway

    yield begin
    for gateway in running:
        gateway.stop()
