"""What a file that comes with a checkout may not say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from admit.config.files import user_folder
from admit.config.project_file import NotForProjects
from admit.config.settings import load_settings

if TYPE_CHECKING:
    from pathlib import Path

    from admit.config.settings import Settings

TABLE = '[[index]]\nname = "corp"\nurl = "https://pypi.corp.example/simple/"\n'
WITHHELD = [
    pytest.param('log = "/home/x/.bashrc"', "log", id="log"),
    pytest.param('cache-dir = "cache"', "cache-dir", id="cache"),
    pytest.param('keyring-command = "./evil"', "keyring-command", id="keyring"),
    pytest.param('allow-insecure-host = ["h.example"]', "allow-insecure", id="host"),
    pytest.param('proxy = "http://evil.example"', "proxy", id="proxy"),
    pytest.param('cert = "ca.pem"', "cert", id="cert"),
    pytest.param('client-cert = "me.pem"', "client-cert", id="client-cert"),
    pytest.param('client-key = "me.pem"', "client-key", id="client-key"),
    pytest.param("break-system-packages = true", "break-system", id="break-system"),
    pytest.param("require-virtualenv = false", "require-virtualenv", id="guard"),
    pytest.param('python = "/opt/evil/bin/python"', "python", id="python"),
    pytest.param('python = "../evil"', "python", id="python-beside"),
    pytest.param('python = "reboot"', "python", id="python-on-path"),
    pytest.param('target = "/home/x/.local/lib"', "target", id="target"),
    pytest.param('target = "~/lib"', "target", id="target-at-home"),
    pytest.param('prefix = "../.."', "prefix", id="prefix"),
    pytest.param('output-file = "../.bashrc"', "output-file", id="output-file"),
    pytest.param('report = "/home/x/.bashrc"', "report", id="report"),
    pytest.param('dest = "/home/x"', "dest", id="dest"),
    pytest.param('target = "link"', "target", id="target-by-a-link"),
    pytest.param('output-file = "link/x"', "output-file", id="output-by-a-link"),
    pytest.param('python = "link"', "python", id="python-by-a-link"),
    pytest.param(
        f'{TABLE}credential-helper = ["./evil"]', "credential-helper", id="helper"
    ),
    pytest.param(
        f'{TABLE}credential-origins = ["https://evil.example"]',
        "credential-origins",
        id="origins",
    ),
    pytest.param(f'{TABLE}headers = {{ X-A = "cmd:./evil" }}', "headers", id="command"),
    pytest.param(
        f'{TABLE}headers = {{ X-A = "file:/home/x/.netrc" }}', "headers", id="file"
    ),
    pytest.param(f'{TABLE}proxy = "http://evil.example"', "proxy", id="index-proxy"),
    pytest.param(f'{TABLE}ca-cert = "pem"', "ca-cert", id="index-ca"),
    pytest.param(f'{TABLE}client-cert = "pem"', "client-cert", id="index-cert"),
    pytest.param(
        f'{TABLE}client-cert = "pem"\nclient-key = "pem"', "client-", id="index-key"
    ),
]


def load(folder: Path, **given: object) -> Settings:
    environ = {"HOME": f"{folder}/home"}
    return load_settings(given, environ=environ, cwd=str(folder / "work"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "work" / "deep").mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "work" / "link").symlink_to(tmp_path / "elsewhere")
    return tmp_path


class TestAProjectsFile:
    @pytest.mark.parametrize("name", ["admit.toml", "pyproject.toml"])
    @pytest.mark.parametrize(("text", "setting"), WITHHELD)
    def test_may_not_say_what_a_stranger_must_not(
        self, folder: Path, text: str, setting: str, name: str
    ) -> None:
        if name == "pyproject.toml":
            text = "[tool.admit]\n" + text.replace("[[index]]", "[[tool.admit.index]]")
        (folder / "work" / name).write_text(text)

        with pytest.raises(NotForProjects) as caught:
            load(folder)

        assert f"{folder}/work/{name}:" in caught.value.what
        assert f"`{setting}" in caught.value.what

    @pytest.mark.parametrize(
        "text",
        [
            'index-url = "https://${CI_TOKEN}:@evil.example/simple/"',
            'extra-index-url = ["https://x:${CI_TOKEN}@evil.example/simple/"]',
            'find-links = ["https://x:${CI_TOKEN}@evil.example/"]',
            '[[index]]\nname = "corp"\nurl = "https://x:${CI_TOKEN}@evil.example/"',
            f'{TABLE}headers = {{ X-Key = "env:CI_TOKEN" }}',
        ],
        ids=["index", "more", "links", "table", "header"],
    )
    def test_sends_no_variable_that_the_user_has_not_allowed(
        self, folder: Path, text: str
    ) -> None:
        """`admit install flask` in a stranger's checkout runs nothing of it yet."""
        (folder / "work" / "admit.toml").write_text(text)

        with pytest.raises(NotForProjects, match="may not send the variable CI_TOKEN"):
            load(folder)

        settings = load_settings(
            {},
            environ={
                "HOME": f"{folder}/home",
                "ADMIT_PROJECT_VARIABLES": "OTHER CI_TOKEN",
            },
            cwd=str(folder / "work"),
        )
        assert f"{folder}/work/admit.toml" in settings.files

    def test_of_uv_sends_none_either(self, folder: Path) -> None:
        text = '[[index]]\nname = "a"\nurl = "https://x:${CI_TOKEN}@evil.example/"'
        (folder / "work" / "uv.toml").write_text(text)

        with pytest.raises(NotForProjects, match="CI_TOKEN"):
            load(folder)

    @pytest.mark.parametrize("place", ["home/.config/admit/admit.toml", "mine.toml"])
    def test_the_users_own_file_may_send_what_it_likes(
        self, folder: Path, place: str
    ) -> None:
        path = folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f'{TABLE}headers = {{ X-Key = "env:CI_TOKEN" }}')
        given = {"config_file": str(path)} if place == "mine.toml" else {}

        assert str(path) in load(folder, **given).files

    @pytest.mark.parametrize(
        "text",
        [
            'python = "3.12"',
            'python = "python3.12"',
            'python = "venv"',
            'python = "./venv/bin/python"',
            'target = "vendor"',
            'prefix = "out/usr"',
            'output-file = "requirements.txt"',
            'report = "-"',
            "require-virtualenv = true",
        ],
    )
    def test_may_name_places_of_the_project(self, folder: Path, text: str) -> None:
        (folder / "work" / "venv" / "bin").mkdir(parents=True)
        (folder / "work" / "venv" / "bin" / "python").symlink_to("/usr/bin/env")
        (folder / "work" / "admit.toml").write_text(text)

        settings = load(folder)

        assert settings.origin_of(text.partition(" ")[0].replace("-", "_")).endswith(
            "admit.toml:1"
        )

    def test_may_name_them_from_a_folder_below(self, folder: Path) -> None:
        (folder / "work" / "admit.toml").write_text('target = "../vendor"')

        cwd = f"{folder}/work/deep"
        settings = load_settings({}, environ={"HOME": "/"}, cwd=cwd)

        assert settings.path(settings.text("target") or "") == f"{folder}/work/vendor"

    def test_may_not_say_it_from_a_folder_above(self, folder: Path) -> None:
        (folder / "work" / "admit.toml").write_text('log = "x"')

        with pytest.raises(NotForProjects):
            load_settings({}, environ={"HOME": "/"}, cwd=f"{folder}/work/deep")

    def test_may_say_it_if_the_user_names_the_file(self, folder: Path) -> None:
        path = folder / "work" / "admit.toml"
        path.write_text(f'log = "x"\n{TABLE}credential-helper = ["corp-login"]')

        settings = load(folder, config_file=str(path))

        assert settings.text("log") == "x"
        assert settings.indexes[0].source.helper == ("corp-login",)

    def test_may_say_what_is_asked_of_an_index(self, folder: Path) -> None:
        table = f'{TABLE}authenticate = "always"\nprobe = "common"\n'
        (folder / "work" / "admit.toml").write_text(table)

        assert load(folder).indexes[0].source.policy == "always"

    @pytest.mark.parametrize("name", ["corp", "Corp", "CORP"])
    @pytest.mark.parametrize(
        "url", ["https://evil.example/simple/", "http://pypi.corp.example/simple/"]
    )
    def test_may_not_give_a_name_of_the_users_to_another_server(
        self, folder: Path, name: str, url: str
    ) -> None:
        own = folder / "home/.config/admit"
        own.mkdir(parents=True)
        (own / "admit.toml").write_text(TABLE)
        table = f'[[index]]\nname = "{name}"\nurl = "{url}"\n'
        (folder / "work" / "admit.toml").write_text(table)

        with pytest.raises(NotForProjects) as caught:
            load(folder)

        assert f"{own}/admit.toml:2" in caught.value.what

    @pytest.mark.parametrize("typed", ["index", "ADMIT_INDEX"])
    def test_may_not_take_a_typed_name_in_other_letters(
        self, folder: Path, typed: str
    ) -> None:
        table = '[[index]]\nname = "CORP"\nurl = "https://evil.example/simple/"\n'
        (folder / "work" / "admit.toml").write_text(table)
        url = "corp=https://pypi.corp.example/simple/"
        environ = {"HOME": f"{folder}/home"}
        given = {"index": [url]} if typed == "index" else {}
        if not given:
            environ["ADMIT_INDEX"] = url

        with pytest.raises(NotForProjects):
            load_settings(given, environ=environ, cwd=f"{folder}/work")

    def test_says_nothing_of_a_name_that_is_typed(self, folder: Path) -> None:
        """The stronger place says what it is; variables go there alone."""
        table = TABLE.replace("pypi.corp.example", "evil.example")
        (folder / "work" / "admit.toml").write_text(table)

        settings = load(folder, index=["corp=https://pypi.corp.example/simple/"])

        hosts = [each.source.url.host for each in settings.indexes]
        assert hosts == ["pypi.corp.example"]

    def test_may_name_another_page_of_the_same_server(self, folder: Path) -> None:
        own = folder / "home/.config/admit"
        own.mkdir(parents=True)
        (own / "admit.toml").write_text(TABLE)
        table = TABLE.replace("/simple/", "/team/simple/")
        (folder / "work" / "admit.toml").write_text(table)

        (index,) = load(folder).indexes

        assert index.source.url.path == "/team/simple/"


@pytest.mark.parametrize("cwd", ["work", "home/.config/admit"])
def test_the_users_own_file_may_say_everything(folder: Path, cwd: str) -> None:
    users = f"{user_folder({'HOME': f'{folder}/home'})}/admit"
    (folder / "home/.config/admit").mkdir(parents=True)
    (folder / "home/.config/admit/admit.toml").write_text('log = "x"')
    environ = {"HOME": f"{folder}/home"}

    settings = load_settings({}, environ=environ, cwd=str(folder / cwd))

    assert settings.text("log") == "x"
    assert settings.files[0] == f"{users}/admit.toml"


class TestAProjectsFileOfUv:
    def test_trusts_nobody_for_the_user(self, folder: Path) -> None:
        (folder / "work" / "uv.toml").write_text(
            'allow-insecure-host = ["pypi.corp.example"]\nno-cache = true\n'
        )

        settings = load(folder)

        assert settings.items("allow_insecure_host") == ()
        assert settings.flag("no_cache")
        (warning,) = settings.warnings
        assert f"{folder}/work/uv.toml:1: `allow-insecure-host` does not" in warning

    @pytest.mark.parametrize(
        "text", ['python = "/opt/evil"', 'target = "/opt"', 'output-file = "../x"']
    )
    def test_leads_nowhere_outside_of_the_project(
        self, folder: Path, text: str
    ) -> None:
        (folder / "work" / "uv.toml").write_text(f"[pip]\n{text}\n")

        settings = load(folder)

        (warning,) = settings.warnings
        assert warning.startswith(
            f"{folder}/work/uv.toml:2: `{text.split(maxsplit=1)[0]}` does"
        )
        assert not {"python", "target", "output_file"} & settings.values.keys()

    def test_gives_no_name_of_the_users_to_another_server(self, folder: Path) -> None:
        users = folder / "home" / ".config" / "uv"
        users.mkdir(parents=True)
        (users / "uv.toml").write_text(TABLE)
        table = TABLE.replace("pypi.corp.example", "evil.example")
        (folder / "work" / "uv.toml").write_text(table)

        with pytest.raises(NotForProjects) as caught:
            load(folder)

        assert f"{users}/uv.toml:2" in caught.value.what
        assert "--config-file" not in (caught.value.fix or "")

    def test_has_no_say_where_the_users_own_of_admit_has(self, folder: Path) -> None:
        users = folder / "home" / ".config" / "admit"
        users.mkdir(parents=True)
        (users / "admit.toml").write_text(TABLE)
        table = TABLE.replace("pypi.corp.example", "evil.example")
        (folder / "work" / "uv.toml").write_text(table)

        hosts = [each.source.url.host for each in load(folder).indexes]

        assert hosts == ["pypi.corp.example"]

    def test_does_if_it_is_the_users(self, folder: Path) -> None:
        users = folder / "home" / ".config" / "uv"
        users.mkdir(parents=True)
        (users / "uv.toml").write_text('allow-insecure-host = ["lab.example"]\n')

        assert load(folder).items("allow_insecure_host") == ("lab.example",)
