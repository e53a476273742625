"""The database: one engine a process, one transaction a command, closed before the answer leaves."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import TypeAlias

from sqlalchemy import MetaData, func, select, text
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase

from shared.errors import Unavailable

_NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

_AWAY = (InterfaceError, OperationalError, NoConnectionFree, TimeoutError, OSError)
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
            pool_pre_ping=True,
            connect_args={"timeout": 10, "server_settings": {"timezone": "UTC"}},
            hide_parameters=True,  # an error's text must not quote a patient's name
        )
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """One command: commits when the block ends, rolls back when it raises.

        Raises Unavailable when the server cannot be reached or goes away; what the block wrote then is not there,
        or (if it went away during COMMIT) may be: every command is idempotent for that reason.
        """
        try:
            async with self._sessions() as session, session.begin():
                yield session
        except _AWAY as error:
            raise Unavailable("数据库暂时不可用，请稍后重试", code="database_unavailable", retry_after_s=2) from error
        except DBAPIError as error:
            if error.connection_invalidated or _state_of(error).startswith(_AWAY_STATES):
                raise Unavailable("数据库连接中断，请稍后重试", code="database_unavailable", retry_after_s=2) from error
            raise

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


def _state_of(error: DBAPIError) -> str:
    return str(getattr(error.orig, "sqlstate", None) or "")


async def database_now(session: AsyncSession) -> datetime:
    """The database's wall clock, not the transaction's start: the only clock that deadlines are compared by."""
    moment = (await session.execute(select(func.clock_timestamp()))).scalar_one()
    assert isinstance(moment, datetime)
    return moment
