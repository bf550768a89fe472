"""Requirements files, line by line."""

import pytest

from admit.spec.record import Digest
from admit.spec.requirements_file import (
    Entry,
    Include,
    IndexOption,
    InvalidRequirementsFile,
    RequirementLine,
    decode_requirements,
    parse_requirement_line,
    parse_requirements_file,
)

A, B = "a" * 64, "b" * 128


def parse(text: str, **environment: str) -> tuple[Entry, ...]:
    parsed = parse_requirements_file(text, where="r.txt", environment=environment)
    return parsed.entries


def parse_one(text: str, **environment: str) -> RequirementLine:
    (entry,) = parse(text, **environment)
    assert isinstance(entry, RequirementLine)
    return entry


def find_faults(text: str) -> str:
    with pytest.raises(InvalidRequirementsFile) as caught:
        parse(text)
    return f"{caught.value.what}\n{caught.value.why}"


class TestLines:
    """Lines are joined, stripped of comments, and numbered by their first one."""

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            pytest.param("a\nb\n", ["a r.txt:1", "b r.txt:2"], id="two lines"),
            pytest.param("\n# c\n  a  # d\n", ["a r.txt:3"], id="comments"),
            pytest.param("a\r\nb\r\n", ["a r.txt:1", "b r.txt:2"], id="CRLF"),
            pytest.param("\ufeffa", ["a r.txt:1"], id="byte order mark"),
            pytest.param("a\\\n>=1\nb", ["a>=1 r.txt:1", "b r.txt:3"], id="joined"),
            pytest.param("a\\\n", ["a r.txt:1"], id="backslash at the end"),
            pytest.param(
                "a\\\n# c\\\nb", ["a r.txt:1", "b r.txt:3"], id="comment within"
            ),
            pytest.param("# c\\\nb", ["b r.txt:2"], id="comment with backslash"),
            pytest.param("", [], id="nothing"),
        ],
    )
    def test_lines(self, text: str, expected: list[str]) -> None:
        entries = [entry for entry in parse(text) if isinstance(entry, RequirementLine)]

        assert [f"{entry.requirement} {entry.where}" for entry in entries] == expected

    def test_a_hash_mark_within_a_word_is_no_comment(self) -> None:
        line = parse_one("w @ https://host.example/w.whl#sha256=abc # comment")

        assert line.requirement is not None
        assert line.requirement.url is not None
        assert line.requirement.url.fragment == "sha256=abc"


class TestVariables:
    """`${NAME}` is replaced, but in the userinfo of a URL."""

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("w==${VERSION}", "w==1.0"),
            ("w==1.0; os_name == '${OS}'", "w==1.0; os_name == 'posix'"),
        ],
    )
    def test_variables_are_replaced(self, text: str, expected: str) -> None:
        line = parse_one(text, VERSION="1.0", OS="posix", EMPTY="")

        assert str(line.requirement) == expected

    @pytest.mark.parametrize("name", ["${version}", "$VERSION", "${MISSING}", "${E}"])
    def test_other_texts_and_unset_variables_stay(self, name: str) -> None:
        (option,) = parse(f"--trusted-host {name}", VERSION="1", version="1", E="")

        assert isinstance(option, IndexOption)
        assert option.text == name

    def test_userinfo_stays_as_typed(self) -> None:
        (option,) = parse(
            "-i https://${NAME}:${TOKEN}@${HOST}/${PATH}/",
            NAME="alice",
            TOKEN="s3cret",
            HOST="host.example",
            PATH="simple",
        )

        assert isinstance(option, IndexOption)
        assert option.text == "https://host.example/simple/"
        assert option.url is not None
        assert option.url.userinfo is not None
        assert option.url.userinfo.username == "${NAME}"
        assert option.url.userinfo.password is not None
        assert option.url.userinfo.password.expose() == "${TOKEN}"


class TestOptions:
    """Options become entries, in order; those not known are errors."""

    @pytest.mark.parametrize(
        ("text", "kind", "value"),
        [
            ("-i https://h.example/s", "index-url", "https://h.example/s"),
            ("-ihttps://h.example/s", "index-url", "https://h.example/s"),
            ("--index-url=https://h.example", "index-url", "https://h.example"),
            ("--index-url ../mirror", "index-url", "../mirror"),
            ("--extra-index-url 'https://h.example/s'", "extra-index-url", None),
            ("-f wheels", "find-links", "wheels"),
            ('--find-links "my wheels"', "find-links", "my wheels"),
            ("--no-index", "no-index", ""),
            ("--pre", "pre", ""),
            ("--require-hashes", "require-hashes", ""),
            ("--prefer-binary", "prefer-binary", ""),
            ("--only-binary :all:", "only-binary", ":all:"),
            ("--no-binary=a,b", "no-binary", "a,b"),
            ("--trusted-host h.example:8080", "trusted-host", "h.example:8080"),
        ],
    )
    def test_an_option_is_read(self, text: str, kind: str, value: str | None) -> None:
        (option,) = parse(text)

        assert isinstance(option, IndexOption)
        assert option.kind == kind
        assert option.text == ("https://h.example/s" if value is None else value)
        assert (option.url is not None) == option.text.startswith("https:")

    @pytest.mark.parametrize(
        ("text", "target", "is_constraint"),
        [
            ("-r other.txt", "other.txt", False),
            ("-rother.txt", "other.txt", False),
            ("--requirement=a/other.txt", "a/other.txt", False),
            ("-c 'my other.txt'", "my other.txt", True),
            ("--constraint https://u:s3cret@h.example/c", "https://h.example/c", True),
        ],
    )
    def test_an_include_is_read(
        self, text: str, target: str, is_constraint: bool
    ) -> None:
        (include,) = parse(text)

        assert isinstance(include, Include)
        assert (include.target, include.is_constraint) == (target, is_constraint)
        assert (include.url is not None) == target.startswith("https:")
        assert "s3cret" not in repr(include)

    def test_one_line_may_have_several_options(self) -> None:
        entries = parse("-r a.txt --pre -c b.txt")

        assert [type(entry) for entry in entries] == [Include, IndexOption, Include]


class TestHashes:
    """Hashes follow a requirement by name, URL or path."""

    @pytest.mark.parametrize(
        "subject", ["w==1", "./w-1-py3-none-any.whl", "w @ https://h.example/w.whl"]
    )
    def test_hashes_are_read(self, subject: str) -> None:
        line = parse_one(f"{subject} \\\n  --hash=sha256:{A} \\\n  --hash sha512:{B}")

        assert line.hashes == (Digest("sha256", A), Digest("sha512", B))

    def test_a_hash_may_follow_a_marker(self) -> None:
        line = parse_one(f"w==1 ; os_name == 'nt' --hash=sha256:{A}")

        assert line.requirement is not None
        assert str(line.requirement.marker) == "os_name == 'nt'"
        assert line.hashes


class TestSubjects:
    """What is no requirement by name is a URL or a path."""

    @pytest.mark.parametrize(
        ("text", "name", "path"),
        [
            ("./w_x-1.0-py3-none-any.whl", "w-x", "./w_x-1.0-py3-none-any.whl"),
            ("w-1-py3-none-any.whl", "w", "w-1-py3-none-any.whl"),
            ("/dist/w-1-py3-none-any.whl", "w", "/dist/w-1-py3-none-any.whl"),
            ("C:\\w-1-py3-none-any.whl", "w", "C:\\w-1-py3-none-any.whl"),
            ("dist/w-1-py3-none-any.whl", "w", "dist/w-1-py3-none-any.whl"),
            (".", None, "."),
            ("..", None, ".."),
            ("./tree", None, "./tree"),
            ("tree/", None, "tree/"),
            ("~/tree", None, "~/tree"),
            ("./at@home/tree", None, "./at@home/tree"),
            ("w-1.0.tar.gz", None, "w-1.0.tar.gz"),
        ],
    )
    def test_paths(self, text: str, name: str | None, path: str) -> None:
        line = parse_one(text)

        assert line.path == path
        assert (line.requirement.name if line.requirement else None) == name
        assert not line.is_editable

    def test_a_path_may_have_extras_and_marker(self) -> None:
        line = parse_one("./w-1-py3-none-any.whl[tls,Dev] ; os_name == 'nt'")

        assert line.path == "./w-1-py3-none-any.whl"
        assert line.requirement is not None
        assert line.requirement.extras == line.extras == ("dev", "tls")
        assert line.requirement.marker == line.marker
        assert str(line.marker) == "os_name == 'nt'"

    def test_a_bare_url_of_a_wheel_names_its_project(self) -> None:
        line = parse_one("https://u:s3cret@h.example/w_x-1-py3-none-any.whl#sha256=ab")

        assert line.requirement is not None
        assert line.requirement.name == "w-x"
        assert line.requirement.url is not None
        assert line.requirement.url.filename == "w_x-1-py3-none-any.whl"
        assert line.requirement.url.userinfo is not None
        assert line.path is None
        assert line.url is None
        assert "s3cret" not in repr(line)

    def test_an_egg_fragment_names_the_project(self) -> None:
        line = parse_one("git+https://h.example/w.git@v1#egg=W.x[tls]&subdirectory=a")

        assert line.requirement is not None
        assert (line.requirement.name, line.extras) == ("w-x", ("tls",))

    def test_a_url_that_names_no_project_is_kept(self) -> None:
        line = parse_one("https://h.example/archive/main.zip ; os_name == 'nt'")

        assert line.requirement is None
        assert str(line.url) == "https://h.example/archive/main.zip"
        assert str(line.marker) == "os_name == 'nt'"

    @pytest.mark.parametrize("text", ["-e ./tree[tls]", "--editable=tree[tls]"])
    def test_trees_may_be_editable(self, text: str) -> None:
        line = parse_one(text)

        assert line.is_editable
        assert line.extras == ("tls",)
        assert (line.path or "").endswith("tree")

    def test_an_argument_is_read_by_the_same_rules(self) -> None:
        line = parse_requirement_line("./w-1-py3-none-any.whl", where="argument")

        assert line.path == "./w-1-py3-none-any.whl"
        assert line.where == "argument"


class TestFaults:
    """Every fault is told with file and line; no secret is shown."""

    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            ("w >=", "not a valid requirement: 'w >='"),
            ("--bogus=s3cret", "unknown option '--bogus'"),
            ("-x", "unknown option '-x'"),
            ("--pre=yes", "unknown option '--pre'"),
            ("-r", "option -r needs a value"),
            ("--index-url=", "option --index-url needs a value"),
            ("-i 'open", "cannot split the options"),
            ("--hash=sha256:aa", "must follow a requirement"),
            ("--pre s3cret", "belongs to none"),
            ("w --pre", "option --pre cannot follow a requirement"),
            ("w --hash=sha256:aa", "not a digest"),
            (f"w --hash=md5:{'0' * 32}", "proves nothing"),
            ("-i ftp://u:s3cret@h.example/", "not a URL"),
            ("https://u:s3cret@h.example:p/w", "no usable host or port"),
            ("https://h.example/w-1.whl", "not the name of a distribution file"),
            ("./w-1-py3-none-any.whl[a b]", "not a valid extra name"),
            ("./w-1-py3-none-any.whl; os", "not a valid marker"),
        ],
    )
    def test_a_fault_is_told(self, text: str, reason: str) -> None:
        told = find_faults(f"a\n{text}\nb")

        assert "r.txt:2: " in told
        assert reason in told
        assert "s3cret" not in told

    def test_all_faults_are_told_at_once(self) -> None:
        told = find_faults("w >=\na\n--bogus")

        assert told.startswith("cannot read r.txt\n")
        assert "r.txt:1: " in told
        assert "r.txt:3: " in told


class TestDecoding:
    """A byte order mark decides, then a coding comment, then UTF-8."""

    @pytest.mark.parametrize(
        ("body", "expected"),
        [
            pytest.param("wé".encode(), "wé", id="UTF-8"),
            pytest.param("wé".encode("utf-8-sig"), "wé", id="UTF-8 with mark"),
            pytest.param("wé".encode("utf-16"), "wé", id="UTF-16"),
            pytest.param("wé".encode("utf-32"), "wé", id="UTF-32"),
            pytest.param(
                "#\n# -*- coding: latin-1 -*-\n# é".encode("latin-1"),
                "#\n# -*- coding: latin-1 -*-\n# é",
                id="coding comment",
            ),
        ],
    )
    def test_text_is_decoded(self, body: bytes, expected: str) -> None:
        assert decode_requirements(body) == expected

    @pytest.mark.parametrize(
        "body", [b"\xff\x00", b"# coding: klingon\n", b"#\n#\n# coding: latin-1\n\xe9"]
    )
    def test_what_cannot_be_decoded_is_an_error(self, body: bytes) -> None:
        with pytest.raises(InvalidRequirementsFile, match="cannot decode"):
            decode_requirements(body)
