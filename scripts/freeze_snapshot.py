r"""Freeze a piece of a package index into a folder that `scripts/bench.py` serves.

    python scripts/freeze_snapshot.py --index https://INDEX/simple/ \
        --out tests/data/snapshot tests/data/snapshot/sets/*.in

The sets are requirement files. Beginning with what they name, every project that one
of the newest fitting releases of a wanted project needs, on any platform and on any
of the Pythons below, is frozen: its page (wheels only) and the metadata of its
newest releases (PEP 658). Nothing but the standard library talks to the index.
See docs/bench.md.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from benchmark.snapshot import (
    Document,
    Snapshot,
    Wheel,
    read_manifest,
    strip_metadata,
    write_snapshot,
)
from packaging.markers import default_environment
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

if TYPE_CHECKING:
    from packaging.specifiers import SpecifierSet

ACCEPT = "application/vnd.pypi.simple.v1+json"
PLATFORMS = (("linux", "posix"), ("darwin", "posix"), ("win32", "nt"))
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
WALKED = 2
"""How many of the newest fitting releases are looked at for what they need."""


@dataclass
class Page:
    """A project as the index lists it."""

    wheels: list[Wheel]
    addresses: dict[str, str]
    """Version as spelt in file names → where its metadata is."""

    def spelt(self) -> list[tuple[Version, str]]:
        """Return the releases that are not yanked, newest first."""
        found: dict[str, Version] = {}
        for wheel in self.wheels:
            if wheel.version in self.addresses and not wheel.yanked:
                try:
                    found[wheel.version] = Version(wheel.version.replace("_", "-"))
                except InvalidVersion:
                    continue
        return sorted(((key, text) for text, key in found.items()), reverse=True)


class Crawl:
    """Pages and metadata, fetched once each."""

    def __init__(self, index: str) -> None:
        self.index = index
        self.pages: dict[str, Page] = {}
        self.metadata: dict[str, dict[str, Document]] = {}

    def page(self, name: str) -> Page:
        """Fetch a project's page; one that does not exist is empty."""
        if name not in self.pages:
            address = urljoin(self.index, f"{name}/")
            text = fetch(address, ACCEPT)
            self.pages[name] = read_page(text, address) if text else Page([], {})
        return self.pages[name]

    def document(self, name: str, version: str) -> Document | None:
        """Fetch the metadata of a release; None where the index has none."""
        known = self.metadata.setdefault(name, {})
        if version not in known:
            text = fetch(self.page(name).addresses[version])
            if text is not None:
                known[version] = strip_metadata(text)
        return known.get(version)

    def walk(self, wanted: list[Requirement]) -> None:
        """Follow requirements until no new project appears."""
        done: set[str] = set()
        while wanted:
            requirement = wanted.pop()
            name = canonicalize_name(requirement.name)
            key = f"{name}[{sorted(requirement.extras)}]{requirement.specifier}"
            if key not in done:
                done.add(key)
                fitting = [
                    version
                    for release, version in self.page(name).spelt()
                    if admits(requirement.specifier, release)
                ]
                documents = (self.document(name, version) for version in fitting)
                known = (document for document in documents if document is not None)
                for document in islice(known, WALKED):
                    wanted += needs(document, requirement.extras)


def main() -> None:
    """Crawl, and write the snapshot."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--index", required=True, help="URL of a Simple API with JSON")
    parser.add_argument("--out", required=True, type=Path)
    parser.add_argument(
        "--releases", type=int, default=200, help="newest releases with metadata"
    )
    parser.add_argument(
        "--made", default=time.strftime("%Y-%m-%d"), help="date of the data"
    )
    parser.add_argument(
        "--also", action="append", default=[], help="a project to freeze besides"
    )
    parser.add_argument("sets", nargs="+", type=Path)
    arguments = parser.parse_args()
    crawl = Crawl(arguments.index.rstrip("/") + "/")
    for path in arguments.sets:
        crawl.walk(read_set(path))
        sys.stdout.write(f"{path.name}: {len(crawl.pages)} projects so far\n")
    crawl.walk([Requirement(name) for name in arguments.also])
    jobs = [
        (name, version)
        for name, page in crawl.pages.items()
        for _, version in page.spelt()[: arguments.releases]
    ]
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda job: crawl.document(*job), jobs))
    snapshot = Snapshot(
        {name: page.wheels for name, page in crawl.pages.items() if page.wheels},
        {name: dict(sorted(d.items())) for name, d in crawl.metadata.items() if d},
    )
    write_snapshot(snapshot, arguments.out, arguments.made)
    sys.stdout.write(f"{read_manifest(arguments.out)}\n")


def fetch(address: str, accept: str = "*/*") -> str | None:
    """Get a text; None for 404; try again three times when the network fails."""
    request = urllib.request.Request(address, headers={"Accept": accept})  # noqa: S310  # the index the user names
    for attempt in range(4):
        try:
            with urllib.request.urlopen(request, timeout=60) as response:  # noqa: S310  # as above
                body: bytes = response.read()
                return body.decode("utf-8", "replace")
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return None
            if attempt == 3:
                sys.exit(f"error: {address} answers {error.code}")
        except OSError as error:
            if attempt == 3:
                sys.exit(f"error: cannot read {address}: {error}")
        time.sleep(1 + attempt)
    return None


def read_page(text: str, address: str) -> Page:
    """Keep the wheels of a page, and where their metadata is."""
    wheels: list[Wheel] = []
    addresses: dict[str, str] = {}
    for file in json.loads(text)["files"]:
        if not file["filename"].endswith(".whl"):
            continue
        wheel = Wheel(
            file["filename"],
            file["hashes"].get("sha256", ""),
            file.get("size"),
            file.get("upload-time"),
            file.get("requires-python"),
            file.get("yanked") or False,
        )
        wheels.append(wheel)
        if file.get("core-metadata") or file.get("data-dist-info-metadata"):
            known = addresses.get(wheel.version)
            if known is None or wheel.filename.endswith("-none-any.whl"):
                addresses[wheel.version] = urljoin(address, file["url"]) + ".metadata"
    return Page(wheels, addresses)


def read_set(path: Path) -> list[Requirement]:
    """Read a plain requirements file."""
    lines = path.read_text(encoding="utf-8").splitlines()
    texts = [line.partition("#")[0].strip() for line in lines]
    return [Requirement(text) for text in texts if text]


def needs(document: Document, extras: set[str]) -> list[Requirement]:
    """Return what a release needs anywhere."""
    found: list[Requirement] = []
    for line in document.header.split("\n"):
        if line.lower().startswith("requires-dist:"):
            try:
                requirement = Requirement(line.partition(":")[2].strip())
            except InvalidRequirement:
                continue
            if applies(requirement, extras):
                found.append(requirement)
    return found


def applies(requirement: Requirement, extras: set[str]) -> bool:
    """Say whether any platform and Python takes this requirement."""
    marker = requirement.marker
    if marker is None:
        return True
    for platform, os_name in PLATFORMS:
        for python in PYTHONS:
            environment: dict[str, str] = {
                **{key: str(text) for key, text in default_environment().items()},
                "sys_platform": platform,
                "os_name": os_name,
                "python_version": python,
                "python_full_version": f"{python}.0",
                "platform_system": {"linux": "Linux", "darwin": "Darwin"}.get(
                    platform, "Windows"
                ),
            }
            for extra in ("", *extras):
                if marker.evaluate({**environment, "extra": extra}):
                    return True
    return False


def admits(specifier: SpecifierSet, release: Version) -> bool:
    """Say whether a release fits; pre-releases only where they are named."""
    return specifier.contains(release, prereleases=specifier.prereleases or False)


if __name__ == "__main__":
    main()
