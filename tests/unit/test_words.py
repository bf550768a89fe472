"""What helpers say: at once, and without the secrets of the run."""

from __future__ import annotations

import pytest

from admit.auth.scrub import Scrubber
from admit.auth.sources.words import Words

SECRET = "s3cret-öf-alice"


class Terminal:
    """What was written, piece by piece."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        scrubber = Scrubber()
        scrubber.register(SECRET)
        self.words = Words(scrubber.scrub, scrubber.unfinished, self.pieces.append)

    def hear(self, *chunks: bytes) -> str:
        for each in chunks:
            self.words.show(each)
        return "".join(self.pieces)


@pytest.mark.pain("G1")
@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
def test_a_secret_in_pieces_is_masked(size: int) -> None:
    body = f"refused: {SECRET}!\nhttps://h/?sig=abcdefgh&x=1 s3cr".encode()
    chunks = [body[at : at + size] for at in range(0, len(body), size)]

    said = Terminal().hear(*chunks, b"")

    assert said == "refused: ****!\nhttps://h/?sig=****&x=1 s3cr"


@pytest.mark.pain("E8")
def test_a_question_is_shown_at_once() -> None:
    terminal = Terminal()

    assert terminal.hear(b"Enter the code: ") == "Enter the code: "
    assert terminal.hear(b"thanks") == "Enter the code: thank"
    assert terminal.hear(b"") == "Enter the code: thanks"


def test_the_next_program_begins_anew() -> None:
    terminal = Terminal()

    assert (
        terminal.hear(b"s3cret-\xc3", b"", b"\xb6f-alice")
        == "s3cret-\ufffd\ufffdf-alice"
    )


def test_not_everything_is_held_back() -> None:
    terminal = Terminal()

    said = terminal.hear(b"https://h/?sig=" + b"a" * 9999)

    assert said == "https://h/?sig=****"
