"""What the documents promise about themselves: fresh, complete, linked, readable."""

from __future__ import annotations

import importlib.util
import re
import shlex
import tomllib
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING, Any

import pytest

from admit.cli.arguments import find_verb, parse_arguments
from admit.config.options import BY_NAME
from admit.config.settings import load_settings
from admit.serve.behaviour import LIKE
from support.documents import ROOT, Block, blocks, documents

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

CONSOLE = blocks("console")
OTHER_VERBS = {"serve", "demo", "version"}
DOCUMENTS = documents()
SERVERS = sorted((ROOT / "docs" / "servers").glob("[a-z]*.md"))
OWN_FILE = "# ~/.config/admit/admit.toml\n"


def load_script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def admit_words(command: str) -> list[list[str]]:
    """The words behind `admit` of every command of a line."""
    lexer = shlex.shlex(command, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    found: list[list[str]] = []
    is_ours = False
    is_start = True
    for word in lexer:
        if word in ("|", "||", "&&", ";", ">", "<", ">>", "2", "&"):
            is_ours, is_start = False, word not in (">", "<", ">>")
            continue
        if is_start and re.fullmatch(r"[A-Z_]+=.*", word, re.DOTALL):
            continue
        if is_start and word == "admit":
            is_ours = True
            found.append([])
        elif is_ours and word != "\n":
            found[-1].append(word)
        is_start = False
    return found


@pytest.fixture(scope="module")
def script() -> ModuleType:
    return load_script("coverage_of_pains")


@pytest.fixture(scope="module")
def rows(script: Any) -> tuple[dict[str, str], dict[str, str]]:
    found: tuple[dict[str, str], dict[str, str]] = script.read_rows(
        (ROOT / "docs" / "pains.md").read_text("utf-8")
    )
    return found


class TestTheCatalogue:
    def test_has_every_row(self, rows: tuple[dict[str, str], dict[str, str]]) -> None:
        counts = dict.fromkeys("ABCDEFGHI", 0)
        for row in rows[0]:
            counts[row[0]] += 1

        assert list(counts.values()) == [10, 9, 8, 12, 14, 13, 10, 12, 11]

    def test_every_row_has_a_test_or_a_reason(
        self, script: Any, rows: tuple[dict[str, str], dict[str, str]]
    ) -> None:
        symptoms, reasons = rows
        tests = script.collect_tests(ROOT / "tests")

        assert set(symptoms) - set(tests) == set(reasons)

    def test_every_marker_names_a_row(
        self, script: Any, rows: tuple[dict[str, str], dict[str, str]]
    ) -> None:
        assert set(script.collect_tests(ROOT / "tests")) <= set(rows[0])

    def test_the_coverage_is_fresh(self, script: Any) -> None:
        is_fresh = script.COVERAGE.read_text("utf-8") == script.generate()

        assert is_fresh, "run python scripts/coverage_of_pains.py"


class TestCommands:
    @pytest.mark.parametrize("block", CONSOLE, ids=lambda block: block.id)
    def test_have_only_options_that_exist(self, block: Block) -> None:
        for command in block.commands:
            for words in admit_words(command):
                if words in ([], ["--help"], ["--version"]):
                    continue
                verb, rest = find_verb(words)
                assert verb in {*BY_NAME, *OTHER_VERBS}, command
                if verb in BY_NAME:
                    parse_arguments(BY_NAME[verb], rest)

    @pytest.mark.parametrize("block", CONSOLE, ids=lambda block: block.id)
    def test_stand_behind_a_dollar(self, block: Block) -> None:
        assert block.commands

    def test_stand_in_blocks_of_commands_only(self) -> None:
        elsewhere = [
            block.id
            for language in ("", "text", "sh", "toml")
            for block in blocks(language)
            if block.commands
        ]

        assert elsewhere == []

    def test_words_of_a_line_are_found(self) -> None:
        line = "A=1 admit install x | cat && admit list > f"

        assert admit_words(line) == [["install", "x"], ["list"]]


class TestConfiguration:
    @pytest.mark.parametrize("block", blocks("toml"), ids=lambda block: block.id)
    def test_that_is_shown_is_understood(self, block: Block, tmp_path: Path) -> None:
        document = tomllib.loads(block.text)
        is_ours = "tool" not in document or "admit" in document["tool"]
        name = "pyproject.toml" if "tool" in document else "admit.toml"
        if block.text.startswith(OWN_FILE):
            name = ".config/admit/admit.toml"
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text)
        for each in re.findall(r'"([\w.-]+\.pem)"', block.text):
            (path.parent / each).touch()

        environ = {"HOME": str(tmp_path), "PIP_CONFIG_FILE": "/dev/null"}
        settings = load_settings({}, environ=environ, cwd=str(tmp_path))

        assert not is_ours or settings.files == (str(path),)


def quoted_messages() -> list[str]:
    """What pages say that admit says: in italics, or first in a table of failures."""
    troubles = (ROOT / "docs" / "troubleshooting.md").read_text("utf-8")
    found = re.findall(r"(?<![*\w])\*([^*\n]+)\*(?![*\w])", troubles)
    for path in SERVERS:
        found += re.findall(r"^\|[^|]*`([^`|]+ [^`|]+)`", path.read_text("utf-8"), re.M)
    return sorted(set(found))


def said_by_admit() -> str:
    """All texts of the source, those that go on in another line as one."""
    source = "\n".join(
        path.read_text("utf-8") for path in (ROOT / "src" / "admit").rglob("*.py")
    )
    return re.sub(r'"\s*\n\s*f?"', "", source)


class TestMessages:
    @pytest.mark.parametrize("message", quoted_messages())
    def test_that_pages_quote_are_what_admit_says(self, message: str) -> None:
        said = said_by_admit()
        for part in re.split(r"\(\d+\)|alice|/.*", message):
            words = part.strip(" ;,")
            assert len(words) < 4 or words in said, words


class TestThePicture:
    @staticmethod
    def lines_of(svg: str) -> list[str]:
        root = ET.fromstring(svg)
        texts = root.iter("{http://www.w3.org/2000/svg}text")
        return ["".join(each.itertext()) for each in texts]

    def test_shows_a_demo_that_went_well(self) -> None:
        lines = self.lines_of((ROOT / "docs" / "demo.svg").read_text("utf-8"))

        assert "   + mypackage==2024.1" in lines
        assert lines[-1].startswith("All right, in ")
        assert not any("✗" in line for line in lines)

    def test_is_drawn_with_colours_and_any_characters(self) -> None:
        svg = load_script("picture").draw("a \x1b[1;32m<b>\x1b[0m & c\n\nd\n")

        assert self.lines_of(svg) == ["a <b> & c", "d"]
        assert '<tspan class="b g">&lt;b&gt;</tspan>' in svg


class TestPages:
    @pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
    def test_links_lead_somewhere(self, path: Path) -> None:
        text = re.sub(r"^```.*?^```", "", path.read_text("utf-8"), flags=re.M | re.S)
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text):
            if "://" not in target:
                assert (path.parent / target).exists(), target

    @pytest.mark.parametrize("path", SERVERS, ids=lambda path: path.stem)
    def test_of_servers_say_what_they_were_tested_against(self, path: Path) -> None:
        text = path.read_text("utf-8")

        assert "## What to expect" in text
        assert "## What goes wrong" in text
        _, mark, tested = text.partition("## Tested against")
        assert mark
        for name in re.findall(r"`((?:tests/)[\w/.]+)`", tested):
            assert (ROOT / name).exists(), name

    def test_of_servers_are_there_for_every_product_we_play(self) -> None:
        pages = {path.stem for path in SERVERS}

        assert {name.partition("-")[0] for name in LIKE} <= pages

    def test_the_readme_leads_to_every_page(self) -> None:
        """Directly, or by a page that it leads to."""
        seen: set[Path] = set()
        todo = [ROOT / "README.md"]
        while todo:
            path = todo.pop()
            if path in seen or not path.is_file():
                continue
            seen.add(path)
            if path.suffix != ".md":
                continue
            for target in re.findall(r"\]\(([^)#\s]+)", path.read_text("utf-8")):
                if "://" not in target:
                    found = (path.parent / target).resolve()
                    todo += sorted(found.glob("*.md")) if found.is_dir() else [found]

        missing = [
            str(each.relative_to(ROOT)) for each in DOCUMENTS if each not in seen
        ]
        assert missing == []
