"""The parent: a few children that each answer one argument at a time, ended and replaced when they overrun."""

import asyncio
import os
import pickle
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Awaitable, Callable
from typing import Any, Generic, TypeVar

from shared.sandbox.wire import LENGTH, pack

A = TypeVar("A")
R = TypeVar("R")
_STARTED_WITHIN_S = 60.0  # imports of a cold disk are not the argument's fault


class SandboxFailed(Exception):
    """The function raised something it should not have, or its process died."""


class SandboxExhausted(SandboxFailed):
    """It took longer, or more memory, than it may."""


class Sandbox(Generic[A, R]):
    """``await sandbox(argument)`` runs a module's function in a child. Children start at the first need and stay.

    Errors of ``expected`` classes raised by the function are raised here; arguments and answers travel pickled.
    """

    def __init__(
        self,
        function: Callable[[A], R],
        *,
        processes: int = 2,
        timeout_s: float = 10.0,
        memory_bytes: int = 512 << 20,
        expected: tuple[type[Exception], ...] = (),
    ) -> None:
        self._target = f"{function.__module__}:{function.__qualname__}"
        self._timeout_s = timeout_s
        self._memory_bytes = memory_bytes
        self._expected = expected
        self._places = asyncio.Semaphore(processes)
        self._idle: list[Process] = []
        self._all: set[Process] = set()
        self._is_closed = False

    async def __call__(self, argument: A) -> R:
        """Raises SandboxExhausted, SandboxFailed, and what the function raises of the expected classes."""

        async def given() -> A:
            return argument

        return await self.when_free(given)

    async def when_free(self, make: Callable[[], Awaitable[A]]) -> R:
        """The same for an argument that is made when its turn has come: who waits holds no bytes in memory."""
        async with self._places:
            argument = await make()
            child = await self._free()
            is_sound = False
            try:
                async with asyncio.timeout(self._timeout_s):
                    is_fine, answer = await self._ask(child, argument)
                is_sound = True
            except TimeoutError:
                raise SandboxExhausted("time") from None
            except (asyncio.IncompleteReadError, BrokenPipeError, ConnectionResetError):
                raise SandboxFailed("its process died") from None
            finally:
                if is_sound and not self._is_closed:
                    self._idle.append(child)
                else:
                    await asyncio.shield(self._end(child))
        if is_fine:
            result: R = answer
            return result
        if isinstance(answer, MemoryError):
            raise SandboxExhausted("memory")
        if isinstance(answer, self._expected):
            raise answer
        raise SandboxFailed(type(answer).__name__)

    async def close(self) -> None:
        """Ends every child. An argument under way then fails with SandboxFailed."""
        self._is_closed = True
        self._idle.clear()
        await asyncio.gather(*(self._end(child) for child in list(self._all)))

    async def warm(self) -> None:
        """One child stands ready, so that the first upload need not wait for its imports."""
        async with self._places:
            self._idle.append(await self._start())

    async def _free(self) -> Process:
        """A waiting child that still lives, else a new one: where memory is short, the kernel ends those that wait."""
        while self._idle:
            child = self._idle.pop()
            if child.returncode is None:
                return child
            await self._end(child)
        return await self._start()

    async def _start(self) -> Process:
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "shared.sandbox.child", self._target, str(self._memory_bytes), str(self._timeout_s),
            stdin=PIPE, stdout=PIPE, env=_environment(),
        )  # fmt: skip
        self._all.add(child)
        is_ready = False
        try:
            async with asyncio.timeout(_STARTED_WITHIN_S):
                await _receive(child)  # its imports are done
            is_ready = True
        except (TimeoutError, asyncio.IncompleteReadError):
            raise SandboxFailed("its process did not start") from None
        finally:
            if not is_ready:  # a canceled caller's too
                await asyncio.shield(self._end(child))
        return child

    async def _ask(self, child: Process, argument: A) -> Any:
        assert child.stdin is not None
        child.stdin.write(await asyncio.to_thread(pack, argument))
        await child.stdin.drain()
        return await _receive(child)

    async def _end(self, child: Process) -> None:
        self._all.discard(child)
        if child.returncode is None:
            child.kill()
        await child.wait()
        if child.stdin is not None:
            child.stdin.close()


async def _receive(child: Process) -> Any:
    assert child.stdout is not None
    head = await child.stdout.readexactly(LENGTH.size)
    body = await child.stdout.readexactly(LENGTH.unpack(head)[0])
    return await asyncio.to_thread(pickle.loads, body)  # our own process


def _environment() -> dict[str, str]:
    """Without our settings: a parser needs no password. One thread: BLAS would reserve address space for many."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GONGZHEN_")}
    return kept | dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
