"""Unpack an archive of source, with the suspicion that a downloaded file deserves.

For: sdists, and archives of repositories: .tar.gz, .tgz, .tar.bz2, .tar.xz, .zip.
Does not know: where the file came from, what is in the tree, building.
Shape: `unpack_source(path, into)` makes the folder `into` and returns the tree: the one
folder that is in it, or `into` itself. Nothing is at `into` before all is unpacked.
Spec: source distribution format (PEP 625).
"""

from __future__ import annotations

import os
import sys

from admit.errors import EnvironmentProblem, IntegrityError
from admit.install.archive import BadArchive, read_members


class BadSource(IntegrityError):
    """An archive of source is damaged or dangerous."""

    code = "bad-source-archive"


class CannotUnpackSource(EnvironmentProblem):
    """The system refuses to write (full disk, permissions)."""

    code = "cannot-unpack-source"


def unpack_source(path: str, into: str) -> str:
    """Unpack an archive to the folder `into`; return the folder of the tree.

    The parent of `into` must exist; if `into` itself exists, made by another process,
    that one is kept.

    Raises:
        BadSource: it is no such archive, or a damaged or dangerous one.
        CannotUnpackSource: reading or writing failed.
    """
    partial = f"{into}.partial-{os.urandom(6).hex()}"
    try:
        os.mkdir(partial)
        if path.lower().endswith(".zip"):
            _unpack_zip(path, partial)
        else:
            from admit.source.tarball import unpack_tar

            unpack_tar(path, f"{partial}/tree")
        _put_into_place(f"{partial}/tree", into)
    except BadArchive as error:
        raise BadSource(f"cannot use {_shown(path)}", why=str(error)) from error
    except OSError as error:
        raise CannotUnpackSource(
            f"cannot unpack {_shown(path)}", why=f"{error.strerror}: {into}"
        ) from error
    finally:
        _remove_tree(partial)
    return find_top(into)


def find_top(folder: str) -> str:
    """Return the one folder in a folder, or the folder itself if it holds more."""
    with os.scandir(folder) as found:
        entries = list(found)
    if len(entries) == 1 and entries[0].is_dir(follow_symlinks=False):
        return f"{folder}/{entries[0].name}"
    return folder


def _put_into_place(tree: str, into: str) -> None:
    try:
        os.rename(tree, into)
    except OSError:
        if not os.path.isdir(into):
            raise


def _unpack_zip(path: str, partial: str) -> None:
    from admit.install.inflate import Source, write_members

    with open(path, "rb", buffering=0) as file:
        source = Source(path, os.fstat(file.fileno()).st_size, file)
        is_windows = sys.platform == "win32"
        members = read_members(source.read_at, source.length, is_windows=is_windows)
        write_members(source, members, {}, partial)


def _remove_tree(path: str) -> None:
    import shutil

    shutil.rmtree(path, ignore_errors=True)


def _shown(path: str) -> str:
    return os.path.basename(path)
