"""The commands of a clone: one verb each, and nothing else."""

import os
import subprocess

from tests.house.sources import ROOT


def test_the_commands_are_those_that_are_promised():
    found = {path.name for path in (ROOT / "bin").iterdir()}
    assert found == {"demo", "dev", "setup", "check", "test", "bench"}
    assert [name for name in sorted(found) if not os.access(ROOT / "bin" / name, os.X_OK)] == []
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


def test_what_must_pass_before_a_change_lands_is_check_and_then_test():
    lines = (ROOT / ".ci" / "run").read_text().splitlines()
    assert [line for line in lines if line.startswith("bin/")] == [
        "bin/check",
        "bin/test --engines",
    ]


def test_a_check_that_does_not_exist_is_bad_use():
    done = subprocess.run(
        [ROOT / "bin" / "check", "horoscope"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "no check is named horoscope" in done.stdout
