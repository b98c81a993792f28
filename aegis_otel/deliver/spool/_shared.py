"""The folder that all processes share: which folders of processes are in it, who owns them, what waits in them."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import stat
from collections.abc import Container
from pathlib import Path
from typing import Final

from aegis_otel.deliver.spool._damage import Damage
from aegis_otel.deliver.spool._disk import Disk
from aegis_otel.deliver.spool._folder import Folder
from aegis_otel.deliver.spool._segment import SEGMENT_NAME, SEGMENT_START, NewerVersionError, read_head

try:
    import fcntl
except ImportError:  # pragma: no cover - Windows has no flock: there, delivery does without a spool.
    fcntl = None  # type: ignore[assignment]

FOLDER_NAME: Final = re.compile(r"(?P<service>[A-Za-z0-9_-]{1,64})\.[0-9a-f]{16}")


def make_folder(root: Path, service: str, damage: Damage, disk: Disk) -> Folder:
    """A folder for this process, locked.

    Args:
        root: the shared folder; made (0700) where it is missing.
        service: the service's name as the spool writes it.

    Raises:
        OSError: it cannot be made.
    """
    missing = [path for path in (root, *root.parents) if not path.exists()]
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = root.stat()
    if status.st_uid == os.geteuid() and stat.S_IMODE(status.st_mode) & 0o077:
        root.chmod(0o700)
    name = f"{service}.{secrets.token_hex(8)}"
    # Locked before it has a name that others look for: nobody can take it for a dead one.
    making = root / f".{name}"
    making.mkdir(mode=0o700)
    lock_fd = os.open(making / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock_fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path = root / name
        making.rename(path)
    except OSError:
        os.close(lock_fd)
        raise
    return Folder(path, lock_fd, damage, disk, new_names=(root, *(path.parent for path in missing)))


def take_over(path: Path, damage: Damage, disk: Disk) -> Folder | None:
    """A dead process's folder; None where its owner lives or it cannot be opened."""
    try:
        lock_fd = os.open(path / "lock", os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return None
    folder = Folder(path, lock_fd, damage, disk)
    try:
        fcntl.flock(lock_fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Its last owner may have removed it between our `open` and our `flock`.
        if (path / "lock").stat().st_ino != os.fstat(lock_fd).st_ino:
            raise FileNotFoundError(path)
        folder.read()
    except OSError:
        folder.close()
        return None
    return folder


def abandoned(root: Path, service: str, *, ours: bool, without: Container[str]) -> list[Path]:
    """Folders of processes of this user, the oldest first; their owners may well be alive.

    Args:
        ours: those of `service`; else those of all others.
        without: names to leave out.
    """
    found: list[tuple[float, Path]] = []
    with contextlib.suppress(OSError), os.scandir(root) as entries:
        for entry in entries:
            match = FOLDER_NAME.fullmatch(entry.name)
            if match is None or (match["service"] == service) != ours or entry.name in without:
                continue
            with contextlib.suppress(OSError):
                status = entry.stat(follow_symlinks=False)
                # Somebody else's folder is not ours to read, and what it holds not ours to send.
                if stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid():
                    found.append((status.st_mtime, Path(entry.path)))
    return [path for _, path in sorted(found)]


def bytes_of_others(root: Path, without: Container[str]) -> int:
    """What the folders of processes take up, those named in `without` left out."""
    total = 0
    with contextlib.suppress(OSError), os.scandir(root) as found:
        for entry in found:
            if entry.name in without or not FOLDER_NAME.fullmatch(entry.name):
                continue
            with contextlib.suppress(OSError), os.scandir(entry.path) as files:
                for file in files:
                    with contextlib.suppress(OSError):
                        total += file.stat(follow_symlinks=False).st_size
    return total


def service_name(service: str) -> str:
    """A service's name as part of a file's name."""
    return re.sub(r"[^A-Za-z0-9_-]+", "_", service)[:64] or "_"


def folders(root: Path) -> list[tuple[Path, str]]:
    """The folders of processes below a shared folder, and their services; changes nothing."""
    found = []
    for path in root.glob("*"):
        match = FOLDER_NAME.fullmatch(path.name)
        if match is not None:
            found.append((path, match["service"]))
    return found


def is_owned(folder: Path) -> bool:
    """Whether a process that lives has this folder."""
    if fcntl is None:
        return False
    try:
        fd = os.open(folder / "lock", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        # Shared: another process that asks the same is not taken for the owner.
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return False
    except OSError:
        return True
    finally:
        os.close(fd)


def waiting(root: Path) -> dict[str, int]:
    """Bytes that wait for an acknowledgement below a shared folder, by service; changes nothing."""
    found: dict[str, int] = {}
    for folder, service in folders(root):
        if pending := bytes_in(folder):
            found[service] = found.get(service, 0) + pending
    return found


def bytes_in(folder: Path) -> int:
    """Bytes that wait in one process's folder; changes nothing."""
    pending = 0
    for path in folder.glob("*"):
        if SEGMENT_NAME.fullmatch(path.name) is None:
            continue
        with contextlib.suppress(OSError), path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            try:
                head = read_head(file.read(SEGMENT_START))
            except NewerVersionError:
                pending += size
                continue
            if head is not None:
                pending += size - head.offset if head.offset <= size else size - SEGMENT_START
    return pending
