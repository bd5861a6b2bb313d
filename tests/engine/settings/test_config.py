"""Settings: the strongest layer holds, and what is wrong is said in one sentence that names it (ours)."""

from pathlib import Path

import pytest

from polyhost.engine.settings.config import Config, config_path, explain_config, load_config
from polyhost.errors import RefusedError

VARIABLE = {"POLYHOST_SERVE_PORT": "3000"}


@pytest.fixture
def written(home: Path):
    """Writes the file."""

    def write(text: str) -> Path:
        home.mkdir(exist_ok=True)
        config_path(home).write_text(text, encoding="utf-8")
        return home

    return write


def origin(home: Path, key: str, **layers) -> tuple[object, str]:
    (setting,) = [one for one in explain_config(home, **{"environment": {}, **layers}) if one.key == key]
    return setting.value, str(setting.origin)


def test_a_home_without_a_file_has_the_defaults(home):
    assert load_config(home, environment={}) == Config()
    assert not home.exists()


def test_the_strongest_layer_that_says_something_holds(written):
    home = written("[serve]\nport = 2000\n")
    flag = {"serve.port": 4000}
    assert origin(home, "serve.port", environment=VARIABLE, flags=flag) == (4000, "flag")
    assert origin(home, "serve.port", environment=VARIABLE, flags={"serve.port": None}) == (3000, "environment")
    assert origin(home, "serve.port", environment={"POLYHOST_SERVE_PORT": ""}) == (2000, "file")
    assert origin(written(""), "serve.port") == (8787, "default")
    assert load_config(home, environment=VARIABLE, flags=flag).serve.port == 4000


def test_the_browser_keeps_the_variable_it_is_known_by(home):
    assert load_config(home, environment={"POLYHOST_BROWSER": "/opt/chrome"}).browser.executable == Path("/opt/chrome")


@pytest.mark.parametrize(("text", "value"), [("1", True), ("yes", True), ("false", False)])
def test_a_variable_is_text_and_read_as_such(home, text, value):
    assert load_config(home, environment={"POLYHOST_RUN_ALLOW_GAPS": text}).run.allow_gaps is value


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[brower]", "there is no section [brower]. Did you mean [browser]?"),
        ("[xyzzy]", "there is no section [xyzzy]. There are [browser],"),
        ("[browser]\nheadles = true", "[browser] has no key 'headles'. Did you mean [browser] headless?"),
        ("[run]\nport = 1", "[run] has no key 'port'. Did you mean [serve] port?"),
        ("[run]\nxyzzy = 1", "[run] has no key 'xyzzy'. Known are browser.executable,"),
        ("port = 1", "'port' stands in no section. Did you mean [serve] port?"),
        ("serve = 1", "serve is a section. Write [serve] on a line of its own"),
        ('[browser]\nheadless = "yes"', "[browser] headless should be true or false"),
        ("[browser]\nheadless = 1", "[browser] headless should be true or false"),
        ("[browser]\nexecutable = 3", "[browser] executable should be a path in quotes"),
        ("[serve]\nport = 99999", "[serve] port should be a whole number from 1 to 65535"),
        ("[serve]\nport = 2026-01-01", "[serve] port should be a whole number from 1 to 65535"),
        ("[browser", "is not TOML: "),
    ],
)
def test_what_is_wrong_in_the_file_is_named(written, text, said):
    home = written(text)
    with pytest.raises(RefusedError) as refused:
        load_config(home, environment={})
    assert refused.value.code == "bad_config"
    assert str(refused.value).startswith(str(config_path(home)))
    assert said in str(refused.value)


def test_a_file_that_cannot_be_read_as_text_is_refused(home):
    home.mkdir()
    config_path(home).write_bytes(b"\xff\xfe")
    with pytest.raises(RefusedError, match="not UTF-8"):
        load_config(home, environment={})
    config_path(home).unlink()
    config_path(home).mkdir()
    with pytest.raises(RefusedError, match="cannot be read"):
        load_config(home, environment={})


def test_a_wrong_variable_is_named_and_its_value_is_not_repeated(home):
    with pytest.raises(RefusedError) as refused:
        load_config(home, environment={"POLYHOST_SERVE_PORT": "hunter2"})
    assert str(refused.value) == "the variable POLYHOST_SERVE_PORT should be a whole number from 1 to 65535"
