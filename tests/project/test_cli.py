import subprocess
import sys

import pytest

from tests.faults.tree import tandem


@pytest.mark.parametrize(
    ("arguments", "code"), [(["--help"], 0), (["--version"], 0), (["nope"], 2), (["up", "-x"], 2)]
)
def test_exit_codes(tmp_path, arguments, code):
    assert tandem(tmp_path / "home", *arguments).returncode == code


def test_a_failure_is_one_sentence_and_no_traceback(tmp_path):
    (tmp_path / "thesis.odt").write_text("")

    result = tandem(tmp_path, "up", "--port", "0")

    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == (
        f"tandem: {tmp_path} is not a Tandem folder: it holds 'thesis.odt' but no format.json; "
        "name an empty folder in TANDEM_HOME.\n"
    )


@pytest.mark.parametrize("module", ["supervisor", "edge", "home", "postgres", "cli"])
def test_what_must_start_fast_does_not_load_django(module):
    code = f"import sys, tandem.project.{module}; print('django' in sys.modules)"

    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert result.stdout == "False\n"
