"""Directories committed whole by one rename, with a SHA256SUMS that `sha256sum -c` reads: checkpoints and figures."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from pathlib import Path

from adversarial_crypto.errors import StoreError
from adversarial_crypto.store.atomic import (
    ASIDE,
    damaged,
    disk_errors,
    read_bytes,
    remove,
    sha256,
    sweep,
    sync_directory,
    temporary,
    write_synced,
)

SUMS = "SHA256SUMS"
HEAD = "# sha256 of the lines below: "  # sha256sum skips comments; with it the list itself can be told from its files


def render_sums(sums: Mapping[str, str]) -> bytes:
    """The text of SHA256SUMS for {file name: hex digest}."""
    body = "".join(f"{digest}  {name}\n" for name, digest in sorted(sums.items()))
    return f"{HEAD}{sha256(body.encode())}\n{body}".encode()


def read_sums(directory: Path) -> dict[str, str]:
    """{file name: hex digest} of a committed directory; StoreError names a SHA256SUMS that is missing or damaged."""
    path = directory / SUMS
    data = read_bytes(path)
    lines = data.decode(errors="replace").splitlines()[1:]
    sums = {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
    if render_sums(sums) != data:
        raise StoreError(f"{path} is damaged: its lines do not match the sha256 in its first line.")
    return sums


def commit_directory(target: Path, files: Mapping[str, bytes]) -> None:
    """Write a directory of files and their SHA256SUMS: built under a temporary name, fsynced, renamed.

    A directory of that name is replaced. Names are plain: no folder, no leading dot.

    Raises:
        EnvironmentProblem: it cannot be written; nothing of it is left behind.
    """
    if bad := [name for name in (target.name, *files) if not name or name[0] == "." or set("/\\\n") & set(name)]:
        raise ValueError(f"not a plain file name: {bad[0]!r}")
    draft = temporary(target)
    with disk_errors(target):
        try:
            draft.mkdir()
            sums = {name: sha256(data) for name, data in files.items()}
            for name, data in {**files, SUMS: render_sums(sums)}.items():
                write_synced(draft / name, data)
            sync_directory(draft)
            _place(draft, target)
            sync_directory(target.parent)
        except BaseException:
            if draft.exists():
                remove(draft)
            raise


def _place(draft: Path, target: Path) -> None:
    """Rename over whatever has the name; twice when another process commits the same figure meanwhile."""
    for last in (False, False, True):
        try:
            os.rename(draft, target)
        except OSError as error:
            if last or error.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
                raise
            remove(target)
        else:
            return


def faults(directory: Path) -> list[tuple[Path, str]]:
    """Everything wrong with a committed directory: (file, sentence) for each damaged, missing or foreign file."""
    try:
        sums = read_sums(directory)
    except StoreError as error:
        return [(directory / SUMS, str(error))]
    found = damaged(directory, sums)
    foreign = sorted({path.name for path in directory.iterdir()} - {SUMS, *sums})
    found += [
        (directory / name, f"{directory / name} is not listed in {SUMS}.")
        for name in foreign
        if name[0] != "." and ASIDE not in name
    ]
    return found


def commit_figure(run: Path, name: str, files: Mapping[str, bytes]) -> Path:
    """Commit one figure, whatever else happens to the run: figures/NAME/ with its files and SHA256SUMS.

    Args:
        run: a run directory, complete or not.
        name: the figure's name, plain.
        files: file name -> content, such as "training.csv", "training.png", "training.pdf".
    Returns:
        The figure's directory.
    """
    target = run / "figures" / name
    with disk_errors(target.parent):
        target.parent.mkdir(exist_ok=True)
    sweep(target.parent, idle=3600)  # an hour: another process may be drawing here right now, without a lease
    commit_directory(target, files)
    return target


def read_figure(run: Path, name: str) -> dict[str, bytes]:
    """The files of a committed figure; StoreError names one that is missing or damaged."""
    return read_directory(run / "figures" / name)


def read_directory(directory: Path) -> dict[str, bytes]:
    """The files of a committed directory; StoreError names one that is missing or damaged."""
    found = {}
    for file, digest in read_sums(directory).items():
        found[file] = read_bytes(directory / file)
        if sha256(found[file]) != digest:
            raise StoreError(f"{directory / file} is damaged: it does not have its recorded sha256.")
    return found
