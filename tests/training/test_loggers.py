"""Whether W&B takes a run is found out once, and said in one line."""

import urllib.error

import pytest
import wandb
from wandb.errors import AuthenticationError

from genomask.training import loggers
from genomask.training.settings import LoggerSettings

AUTO, ONLINE = (LoggerSettings(wandb=mode, csv=False, tensorboard=False, project="p") for mode in ("auto", "online"))


@pytest.fixture(autouse=True)
def server(monkeypatch):
    """A W&B server that answers, and a key that it takes; tests break either."""
    monkeypatch.setenv(loggers.PROBLEM, "")  # restored afterwards
    monkeypatch.delenv(loggers.PROBLEM)
    monkeypatch.delenv("WANDB_MODE", raising=False)
    questions = []

    def answer(url, timeout):  # noqa: ARG001
        questions.append(url)
        raise urllib.error.HTTPError(url, 404, "no page, but a server", None, None)  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr("urllib.request.urlopen", answer)
    monkeypatch.setattr(wandb, "login", lambda prompt, verify: True)  # noqa: ARG005
    return questions


def test_the_server_is_asked_once_by_a_process_and_those_that_it_starts(server):
    assert [loggers.wandb_mode(settings) for settings in (AUTO, ONLINE, AUTO)] == ["online"] * 3
    assert len(server) == 1


def test_an_unreachable_server_is_said_once_and_refused_where_it_is_needed(monkeypatch, capsys):
    def refuse(url, timeout):  # noqa: ARG001
        raise urllib.error.URLError("connection refused")

    monkeypatch.setattr("urllib.request.urlopen", refuse)
    assert [loggers.wandb_mode(AUTO) for _ in range(3)] == ["offline"] * 3
    printed = capsys.readouterr().out
    assert printed.count("W&B cannot be reached at http") == 1
    assert "wandb sync RUNS/*/*/log*/wandb/offline-run-*" in printed
    with pytest.raises(ValueError, match=r"logger=wandb: W&B cannot be reached .*\(connection refused\)"):
        loggers.wandb_mode(ONLINE)


def test_a_wrong_key_is_called_a_wrong_key(monkeypatch):
    def login(prompt, verify):  # noqa: ARG001
        if verify:
            raise AuthenticationError("user is not logged in")
        return True

    monkeypatch.setattr(wandb, "login", login)
    with pytest.raises(ValueError, match=r"W&B refuses the API key \(user is not logged in\); run `wandb login"):
        loggers.wandb_mode(ONLINE)


def test_without_a_key_nothing_is_asked(monkeypatch, server):
    monkeypatch.setattr(wandb, "login", lambda prompt, verify: False)  # noqa: ARG005
    assert loggers.wandb_mode(AUTO) == "offline"
    with pytest.raises(ValueError, match="logger=wandb needs an API key; found none"):
        loggers.wandb_mode(ONLINE)
    assert server == []


@pytest.mark.parametrize(("variable", "mode"), [("offline", "offline"), ("disabled", "never"), ("online", "online")])
def test_auto_obeys_the_variable_of_wandb(monkeypatch, variable, mode, tmp_path):
    monkeypatch.setenv("WANDB_MODE", variable)
    assert loggers.wandb_mode(AUTO) == mode
    if mode == "never":
        with loggers.loggers(AUTO, tmp_path / "log", name="run", wandb_run={}) as chosen:
            assert chosen == []
