"""The database: one engine a process, one transaction a command, closed before the answer leaves."""

import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime
from functools import cached_property
from typing import Any, TypeAlias

from sqlalchemy import BindParameter, Integer, MetaData, Row, Select, bindparam, event, func, select, text
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, InterfaceError, InvalidatePoolError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from sqlalchemy.ext.asyncio import (
    AsyncConnection,
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.pool import ConnectionPoolEntry

from shared.errors import Unavailable

_NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

_AWAY = (InterfaceError, OperationalError, NoConnectionFree, TimeoutError, OSError)
_DIALECT = PGDialect_asyncpg()  # type: ignore[no-untyped-call]
_ASKED = object()
_PING_AFTER_S = 1.0
_PLAN_EACH = text("SET LOCAL plan_cache_mode = force_custom_plan")
# SQLSTATE classes that are no fault of the statement, which may come again: connection, deadlock, no room, shutdown.
_AWAY_STATES = ("08", "40", "53", "57P")

Session: TypeAlias = AsyncSession
"""What commands hand down to queries. Above queries only this name is used: SQL itself stays below."""


class Base(DeclarativeBase):
    """Tables live in schemas: core, reading, and one named after the service."""

    metadata = MetaData(naming_convention=_NAMING)


class Database:
    def __init__(self, url: str, *, pool_size: int = 5, max_overflow: int = 3, pool_timeout_s: float = 10) -> None:
        self.engine = create_async_engine(
            url,
            pool_size=pool_size,
            max_overflow=max_overflow,
            pool_timeout=pool_timeout_s,
            connect_args={"timeout": 10, "server_settings": {"timezone": "UTC"}},
            hide_parameters=True,  # an error's text must not quote a patient's name
        )
        _ping_idle_connections(self.engine)
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False)
        self._single = async_sessionmaker(
            self.engine.execution_options(isolation_level="AUTOCOMMIT"), expire_on_commit=False
        )

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """One command: commits when the block ends, rolls back when it raises.

        Raises Unavailable when the server cannot be reached or goes away; what the block wrote then is not there,
        or (if it went away during COMMIT) may be: every command is idempotent for that reason.
        """
        with _away_is_unavailable():
            async with self._sessions() as session, session.begin():
                yield session

    @asynccontextmanager
    async def look_up(self) -> AsyncIterator[AsyncSession]:
        """For one SELECT or a few that need not agree: spares BEGIN and COMMIT. Raises as ``transaction``."""
        with _away_is_unavailable():
            async with self._single() as session:
                yield session

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[AsyncConnection]:
        """A connection outside the unit of work, for advisory locks and LISTEN."""
        async with self.engine.connect() as connection:
            yield connection

    async def check(self) -> None:
        async with self.transaction() as session:
            await session.execute(text("SELECT 1"))

    async def close(self) -> None:
        await self.engine.dispose()


class Prepared:
    """A SELECT whose text is made once, for what is asked with every request: building it anew and finding it among
    those compiled before costs SQLAlchemy some ten times what PostgreSQL takes to answer.

    Its places made by ``asked`` are the arguments of ``rows``, all other values are fixed. Values and rows are as
    asyncpg takes and gives them: JSON has to be selected as text. What the session has not flushed is not seen.
    """

    def __init__(self, statement: Select[*tuple[Any, ...]]) -> None:
        self._statement = statement

    async def rows(self, session: AsyncSession, **values: str | int) -> Sequence[Row[Any]]:
        sql, names, fixed = self._compiled
        parameters = tuple(values[name] if name in values else fixed[name] for name in names)
        return (await (await session.connection()).exec_driver_sql(sql, parameters)).all()

    @cached_property
    def _compiled(self) -> tuple[str, list[str], dict[str, Any]]:
        """The text, the names of its parameters in order, and the values of those that are fixed."""
        compiled = self._statement.compile(dialect=_DIALECT, compile_kwargs={"render_postcompile": True})
        fixed = {name: value for name, value in compiled.params.items() if value is not _ASKED}
        return compiled.string, list(compiled.positiontup or ()), fixed


def asked(name: str) -> BindParameter[Any]:
    """The place of an argument in a ``Prepared`` statement."""
    return bindparam(name, _ASKED, unique=False)


@contextmanager
def _away_is_unavailable() -> Iterator[None]:
    try:
        yield
    except _AWAY as error:
        raise Unavailable("数据库暂时不可用，请稍后重试", code="database_unavailable", retry_after_s=2) from error
    except DBAPIError as error:
        if error.connection_invalidated or _state_of(error).startswith(_AWAY_STATES):
            raise Unavailable("数据库连接中断，请稍后重试", code="database_unavailable", retry_after_s=2) from error
        raise


def _ping_idle_connections(engine: AsyncEngine) -> None:
    """Like SQLAlchemy's ``pool_pre_ping``, but only what lay idle: a busy process need not ask at each transaction.

    A dead one throws all idle ones away, since they died of the same cause.
    """

    @event.listens_for(engine.sync_engine, "connect")
    def on_connect(_: object, record: ConnectionPoolEntry) -> None:
        record.info["used_at"] = time.monotonic()

    @event.listens_for(engine.sync_engine, "checkin")
    def on_checkin(_: object, record: ConnectionPoolEntry) -> None:
        record.info["used_at"] = time.monotonic()

    @event.listens_for(engine.sync_engine, "checkout")
    def on_checkout(connection: DBAPIConnection, record: ConnectionPoolEntry, _: object) -> None:
        if time.monotonic() - record.info["used_at"] < _PING_AFTER_S:
            return
        try:
            engine.dialect.do_ping(connection)
        except (engine.dialect.loaded_dbapi.Error, OSError) as error:
            raise InvalidatePoolError from error


def _state_of(error: DBAPIError) -> str:
    return str(getattr(error.orig, "sqlstate", None) or "")


async def database_now(session: AsyncSession) -> datetime:
    """The database's wall clock, not the transaction's start: the only clock that deadlines are compared by."""
    moment = (await session.execute(select(func.clock_timestamp()))).scalar_one()
    assert isinstance(moment, datetime)
    return moment


def at_most(count: int) -> BindParameter[int]:
    """For ``.limit()``: the number written into the statement. As a parameter the plan that PostgreSQL keeps for a
    prepared statement takes it for a tenth of the table, and reads and sorts that instead of walking an index."""
    return bindparam(None, count, Integer, literal_execute=True)


async def plan_each(session: AsyncSession) -> None:
    """For the rest of the transaction each statement is planned for its own values. The one plan that PostgreSQL keeps
    after five executions knows nothing of them: for a name that half of all studies match it read and sorted them all.
    """
    await session.execute(_PLAN_EACH)
