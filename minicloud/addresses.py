"""The block of addresses that a home owns: of loopback, 127.x.y.0/24 with x from 64 to 127; of the network of its
containers, which their engine has given it."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import re
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from minicloud.errors import BusyError, MinicloudError
from minicloud.files import read_json, write_json

FIRST_X, LAST_X = 64, 127
BLOCKS = (LAST_X - FIRST_X + 1) * 256
PROBES = 256
# Of a block's numbers the first and the second: loopback's, and those of networks for measurements, which are the
# launcher's to choose for containers.
SECONDS = {127: range(FIRST_X, LAST_X + 1), 198: range(18, 20)}
# Who listens here on a block's .1 holds the block. Below the kernel's range for outgoing connections.
HOLDER_PORT = 14761
# Not below TMPDIR: it is one file for all users of the machine.
LOCK = Path("/tmp/slipway-minicloud.lock")  # noqa: S108
LOCK_SECONDS = 15.0


@dataclass(frozen=True)
class Block:
    """A /24; `prefix` is its first three numbers, such as 127.88.3."""

    prefix: str

    def __str__(self) -> str:
        return f"{self.prefix}.0/24"

    def address(self, last: int) -> str:
        return f"{self.prefix}.{last}"

    @property
    def holder(self) -> str:
        return self.address(1)

    @property
    def gateway(self) -> str:
        """The only stranger that servers answer. In a network of containers it is nobody's: whoever is on this machine
        comes to them from the holder's address."""
        return self.address(2)

    @property
    def probe(self) -> str:
        """An address that is nobody's, to try ports on."""
        return self.address(3)

    @property
    def storage(self) -> str:
        """The address that the shares' exports name. Nobody listens there: compute itself does what a mount asks."""
        return self.address(4)

    @property
    def first_port(self) -> str:
        return self.address(10)

    @property
    def last_port(self) -> str:
        return self.address(254)

    def ports(self) -> list[str]:
        """The addresses that ports get."""
        return [self.address(last) for last in range(10, 255)]


def candidates(home: str) -> list[Block]:
    """The blocks that a home tries, in its own order: always the same for the same path."""
    start = int.from_bytes(hashlib.sha256(home.encode()).digest()[:8], "big") % BLOCKS
    return [block_number((start + step) % BLOCKS) for step in range(PROBES)]


def block_number(number: int) -> Block:
    return Block(f"127.{FIRST_X + number // 256}.{number % 256}")


def parse(prefix: object) -> Block:
    """The block of a saved prefix.

    Raises:
        MinicloudError: it is none.
    """
    match = re.fullmatch(r"(\d{1,3})\.(\d{1,3})\.(\d{1,3})", prefix) if isinstance(prefix, str) else None
    first, second, third = map(int, match.groups()) if match else (0, 0, 0)
    if match is None or second not in SECONDS.get(first, ()) or third > 255:
        raise MinicloudError(f"{prefix!r} is no block of addresses; remove block.json while no server exists")
    return Block(match[0])


@contextlib.contextmanager
def host_lock(seconds: float = LOCK_SECONDS) -> Iterator[None]:
    """Alone on this machine, whatever the user.

    The file is opened without O_CREAT first: in a sticky folder the kernel (fs.protected_regular) refuses
    O_CREAT on a file of somebody else. Reading is enough for flock.

    Raises:
        BusyError: somebody else keeps the lock for longer than `seconds`.
    """
    descriptor = _open_lock(LOCK)
    try:
        deadline = time.monotonic() + seconds
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise BusyError(
                        f"another process keeps {LOCK} locked for {seconds:.0f} s; find it with `fuser {LOCK}`"
                    ) from None
                time.sleep(0.05)
        yield
    finally:
        os.close(descriptor)


def _open_lock(path: Path) -> int:
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
    for _ in range(10):
        try:
            return os.open(path, flags)
        except FileNotFoundError:
            pass
        with contextlib.suppress(FileExistsError):
            descriptor = os.open(path, flags | os.O_CREAT | os.O_EXCL, 0o644)
            os.fchmod(descriptor, 0o644)
            return descriptor
    raise MinicloudError(f"{path} comes and goes; see who removes it")


def listen(address: str, port: int) -> socket.socket | None:
    """A listening socket; None where somebody else has the port, there or on every address."""
    channel = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    channel.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        channel.bind((address, port))
        channel.listen(1)
    except OSError as error:
        channel.close()
        if error.errno in (errno.EADDRINUSE, errno.EACCES):
            return None
        raise
    return channel


def is_free(address: str, port: int) -> bool:
    channel = listen(address, port)
    if channel is None:
        return False
    channel.close()
    return True


class BlockFile:
    """A home's block, saved in it; who runs the home's compute holds it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.path = home / "block.json"

    def read(self) -> Block | None:
        saved = read_json(self.path)
        return None if saved is None else parse(saved.get("prefix"))

    def choose(self, in_use: bool) -> Block:
        """The saved block, or a free one that is saved now. `in_use`: addresses of it are already given out.

        Raises:
            MinicloudError: the saved block is somebody else's and cannot be changed; none is free.
        """
        with host_lock():
            saved = self.read()
            if saved is not None and (self._ours_runs() or is_free(saved.holder, HOLDER_PORT)):
                return saved
            if saved is not None and in_use:
                raise MinicloudError(taken(saved))
            for block in candidates(str(self.home)):
                if is_free(block.holder, HOLDER_PORT):
                    write_json(self.path, {"prefix": block.prefix})
                    return block
        raise MinicloudError(f"none of {PROBES} blocks of loopback addresses is free; stop other clouds here")

    def take(self, prefix: str) -> Block:
        """The block that the containers' network is: its engine gives it to nobody else."""
        block = parse(prefix)
        write_json(self.path, {"prefix": block.prefix})
        return block

    def hold(self) -> tuple[Block, list[object]]:
        """Hold the saved block for as long as what is returned lives.

        Raises:
            MinicloudError: there is none, compute already runs, or somebody else holds the block.
        """
        block = self.read()
        if block is None:
            raise MinicloudError("this home has no block of addresses; run `prepare` first")
        with host_lock():
            mark = open(self.home / "compute.lock", "a", encoding="ascii")  # noqa: SIM115 - held for the life
            try:
                fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise MinicloudError(f"another compute already runs for {self.home}; stop it first") from None
            channel = listen(block.holder, HOLDER_PORT)
            if channel is None:
                raise MinicloudError(taken(block))
        return block, [mark, channel]

    def _ours_runs(self) -> bool:
        try:
            with open(self.home / "compute.lock", encoding="ascii") as mark:
                fcntl.flock(mark, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except FileNotFoundError:
            return False
        except BlockingIOError:
            return True
        return False


def taken(block: Block) -> str:
    return (
        f"the addresses {block} of this home are held by another cloud on this machine "
        f"({block.holder}:{HOLDER_PORT} is in use); stop that one, or reset one of the two"
    )
