"""The runner of the measured workloads."""

import json
import sys
from types import SimpleNamespace

import pytest

from bench import __main__ as runner


@pytest.fixture
def workload(monkeypatch: pytest.MonkeyPatch):
    module = SimpleNamespace(__doc__="Counts.", SIZE=3, run=lambda size: {"counted": float(size)})
    monkeypatch.setitem(sys.modules, "bench.counting", module)
    monkeypatch.setattr(runner, "names", lambda: ["counting"])
    return module


def test_a_workload_runs_at_its_usual_size_and_at_another(workload):
    assert runner.measure("counting", size=None).figures == {"counted": 3.0}
    assert runner.measure("counting", size=5).figures == {"counted": 5.0}


def test_the_last_line_is_one_object_for_machines(workload, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["bench", "counting", "--json"])
    runner.main()
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert [(r["name"], r["size"], r["figures"]) for r in told["results"]] == [
        ("counting", 3, {"counted": 3.0})
    ]


def test_an_unknown_workload_is_bad_use(workload, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["bench", "counting-stars"])
    with pytest.raises(SystemExit) as stopped:
        runner.main()
    assert stopped.value.code == 2
    assert "there are: counting" in capsys.readouterr().err


def test_every_workload_offers_what_the_runner_asks_for():
    for name in runner.names():
        module = __import__(f"bench.{name}", fromlist=["run"])
        assert isinstance(module, runner.Workload), name
        assert module.__doc__, name
