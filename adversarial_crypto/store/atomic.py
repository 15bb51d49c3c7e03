"""Writing so that a kill leaves the old file or the new one; reading so that no flipped bit goes unseen."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import secrets
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from adversarial_crypto.errors import EnvironmentProblem, StoreError

TEMPORARY = ".tmp-"
ASIDE = ".corrupt-"
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
BLOCK = 1 << 20


@contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Turn what the operating system says while `path` is written into one sentence.

    Raises:
        EnvironmentProblem: the disk or quota is full, the place is read-only, not permitted, not there.
    """
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            advice = "free some space and run the same command again to continue"
            raise EnvironmentProblem(f"The disk is full while writing {path} ({error.strerror}); {advice}.") from error
        raise EnvironmentProblem(f"Cannot write {path}: {error.strerror or error}.") from error


def read_bytes(path: Path) -> bytes:
    """The content of a file; StoreError names the file when it is missing or unreadable."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise StoreError(f"{path} is missing.") from None
    except OSError as error:
        raise StoreError(f"Cannot read {path}: {error.strerror or error}.") from error


def temporary(path: Path) -> Path:
    """A fresh name beside `path`; whatever bears such a name was cut short and may be swept."""
    return path.with_name(f"{TEMPORARY}{secrets.token_hex(6)}-{path.name}")


def sync_directory(path: Path) -> None:
    """Make the names inside a directory durable: a rename is on the disk only after this."""
    if os.name == "nt":  # no such thing there
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_synced(path: Path, data: bytes) -> None:
    """Create a new file with its content on the disk; not atomic, for files inside a temporary directory."""
    # Unbuffered: a buffer that could not be flushed is tried again at close and raises a second time.
    with open(path, "xb", buffering=0) as file:
        write_all(file.fileno(), data)
        os.fsync(file.fileno())


def write_all(handle: int, data: bytes) -> None:
    """Write every byte: on a nearly full disk one write call takes only a part of them."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(handle, rest) :]


def atomic_write(path: Path, data: bytes) -> None:
    """Replace a file's content whole: temporary file beside, flush, fsync, rename, fsync of the directory.

    Raises:
        EnvironmentProblem: it cannot be written; the old file is untouched and the temporary one removed.
    """
    draft = temporary(path)
    with disk_errors(path):
        try:
            write_synced(draft, data)
            os.replace(draft, path)
            sync_directory(path.parent)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise


def sha256(data: bytes) -> str:
    """Hex digest of bytes."""
    return hashlib.sha256(data).hexdigest()


def sha256_file(path: Path, size: int | None = None) -> str | None:
    """Hex digest of a file, or of its first `size` bytes: None when it is shorter than that or not there."""
    digest = hashlib.sha256()
    try:
        with open(path, "rb") as file:
            left = os.fstat(file.fileno()).st_size if size is None else size
            while left and (block := file.read(min(left, BLOCK))):
                digest.update(block)
                left -= len(block)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StoreError(f"Cannot read {path}: {error.strerror or error}.") from error
    return None if left else digest.hexdigest()


def fault(path: Path, expected: str) -> str | None:
    """What is wrong with a file whose sha256 was recorded, as a sentence; None when nothing is."""
    try:
        found = sha256_file(path)
    except StoreError as error:
        return str(error)
    if found is None:
        return f"{path} is missing."
    return None if found == expected else f"{path} is damaged: it does not have its recorded sha256."


def damaged(folder: Path, files: Mapping[str, str]) -> list[tuple[Path, str]]:
    """(file, sentence) for each of {name: recorded sha256} in a folder that is damaged or missing."""
    return [(folder / name, sentence) for name, digest in files.items() if (sentence := fault(folder / name, digest))]


def canonical(document: object) -> bytes:
    """The one JSON of a document: sorted keys, no spaces, ASCII; NaN is refused, for JSON has none."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def seal(document: Mapping[str, Any]) -> bytes:
    """Readable JSON with a last key "sha256", the hash of the canonical JSON of the rest."""
    sealed = {**document, "sha256": sha256(canonical(document))}
    return (json.dumps(sealed, indent=2, allow_nan=False) + "\n").encode()


def unseal(data: bytes) -> dict[str, Any] | None:
    """The document that was sealed, without its hash; None when a single byte differs from what `seal` wrote."""
    try:
        document = json.loads(data)
        if not isinstance(document, dict):
            return None
        document.pop("sha256", None)
        # Compared as bytes: "1e-05" with one flipped bit is "1E-05", the same number to a parser.
        return document if seal(document) == data else None
    except (ValueError, RecursionError):
        return None


def write_sealed(path: Path, document: Mapping[str, Any]) -> None:
    """Write a JSON document with its own hash inside, atomically."""
    atomic_write(path, seal(document))


def read_sealed(path: Path) -> dict[str, Any]:
    """The document of `write_sealed`, without its hash; StoreError names a file that is missing or damaged."""
    document = unseal(read_bytes(path))
    if document is None:
        raise StoreError(f"{path} is damaged: its content does not match the sha256 that it carries.")
    return document


def remove(path: Path) -> None:
    """Delete a file, a link (never what it points to) or a directory: gone under its name at once, then for good."""
    draft = temporary(path)
    if not os.path.lexists(path):  # asked first, for a read-only disk refuses even to rename what is not there
        return
    with disk_errors(path), suppress(FileNotFoundError):
        os.rename(path, draft)
        if draft.is_symlink() or not draft.is_dir():
            draft.unlink()
        else:
            shutil.rmtree(draft, ignore_errors=True)


def sweep(directory: Path, idle: float = 0.0) -> None:
    """Delete what was cut short in a directory: temporary names that nobody touched for `idle` seconds."""
    with disk_errors(directory):
        for path in directory.glob(f"{TEMPORARY}*") if directory.is_dir() else ():
            with suppress(FileNotFoundError):
                if time.time() - path.lstat().st_mtime >= idle:
                    remove(path)


def set_aside(path: Path, mark: str = ASIDE) -> Path:
    """Rename to the first free NAME.corrupt-1, -2, …, so that nothing is lost and nothing loads it; the new name."""
    number = 1
    while os.path.lexists(place := path.with_name(f"{path.name}{mark}{number}")):
        number += 1
    with disk_errors(path):
        os.rename(path, place)
        sync_directory(path.parent)
    return place
