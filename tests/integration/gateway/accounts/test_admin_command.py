"""``gongzhen admin`` against a gateway that listens on a real port."""

import argparse
import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import uvicorn

from deploy.cli import admin
from tests.integration.gateway.accounts.desk import PASSWORD, Desk

Command = Callable[..., Awaitable[tuple[int, str, str]]]


@pytest.fixture
async def command(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> AsyncIterator[Command]:
    """``await command("user", "list")``: exit status, standard output, standard error."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(desk.app, lifespan="off", ws="none", log_config=None))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    monkeypatch.setenv("GONGZHEN_PASSWORD", PASSWORD)
    monkeypatch.delenv("GONGZHEN_TOKEN", raising=False)
    parser = argparse.ArgumentParser()
    admin.add_parser(parser.add_subparsers())

    async def run(*arguments: str, username: str = "admin1") -> tuple[int, str, str]:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        args = parser.parse_args(["admin", "--url", url, "--username", username, *arguments])
        status = await asyncio.to_thread(args.run, args)
        written = capsys.readouterr()
        return status, written.out, written.err

    yield run
    server.should_exit = True
    await serving


async def test_a_user_is_made_listed_closed_and_given_a_new_link(command: Command) -> None:
    made = ("--name", "测试新人", "--org", "org_demo_a", "--role", "reader", "--role", "reviewer", "--center", "ecg")
    status, out, _ = await command("user", "create", "newcomer", *made)
    assert (status, "/password?token=" in out) == (0, True)

    assert (await command("user", "disable", "newcomer"))[0] == 0
    _, out, _ = await command("user", "list", "--org", "org_demo_a")
    (row,) = [line.split() for line in out.splitlines() if line.startswith("newcomer")]
    assert row[1:6] == ["测试新人", "org_demo_a", "reader,reviewer", "ecg", "否"]

    for action in ("enable", "revoke", "reset-password"):
        assert (await command("user", action, "newcomer"))[0] == 0
    assert (await command("user", "revoke-certificate", "reader1", "--reason", "遗失"))[0] == 0


async def test_organizations_policies_and_contacts_are_administered(command: Command) -> None:
    _, out, _ = await command("org", "create", "测试新镇卫生院", "--kind", "clinic", "--character-set", "GB18030")
    org_id = out.split("(")[1].split(")")[0]
    await command("org", "set", org_id, "--character-set", "", "--no-active")
    _, out, _ = await command("org", "list", "--kind", "clinic")
    (row,) = [line for line in out.splitlines() if line.startswith(org_id)]
    assert row.split() == [org_id, "测试新镇卫生院", "clinic", "否"]

    put = ("policy", "set", "org_demo_b", "ecg", "--rank", "1", "--target", "stat=300", "--clinic", "org_demo_clinic1")
    assert (await command(*put))[0] == 0
    _, out, _ = await command("policy", "list")
    assert any("stat=300" in line and "org_demo_clinic1" in line for line in out.splitlines())
    assert (await command("policy", "delete", "org_demo_b", "ecg"))[0] == 0

    _, out, _ = await command("contact", "create", "测试夜班", "--org", "org_demo_a", "--phone", "000-1")
    contact_id = out.split()[-1]
    assert contact_id in (await command("contact", "list", "--org", "org_demo_a"))[1]
    assert (await command("contact", "delete", contact_id))[0] == 0
    assert (await command("dead-letter", "list"))[:2] == (0, "序号  时间  服务  消费者  主题  次数  错误  位置\n")


@pytest.mark.parametrize(
    ("arguments", "username", "words"),
    [
        (("user", "list"), "reader1", "role_required"),
        (("user", "list"), "nobody", "bad_credentials"),
        (("user", "disable", "nobody"), "admin1", "no such user"),
        (("org", "set", "org_nowhere", "--name", "甲"), "admin1", "not_found"),
        (("policy", "set", "org_demo_clinic1", "ecg"), "admin1", "/reading_site_id"),
        (("dead-letter", "replay", "77"), "admin1", "not_found"),
    ],
)
async def test_a_refusal_is_said_in_words_and_by_the_exit_status(
    command: Command, arguments: tuple[str, ...], username: str, words: str
) -> None:
    status, out, err = await command(*arguments, username=username)
    assert (status, out, words in err) == (1, "", True)


async def test_a_token_of_the_environment_is_shown_and_a_bad_one_refused(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GONGZHEN_TOKEN", "x.y.z")
    status, _, err = await command("user", "list")
    assert (status, "bad_token" in err) == (1, True)
