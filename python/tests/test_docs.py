"""The examples of docs/python.md run as they are written."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from conftest import Run

PAGE = Path(__file__).parents[2] / "docs/python.md"


def test_the_page_runs(tmp_path: Path, run: Run) -> None:
    run("sample", "--into", "data/bars", "--symbols", 8, "--days", 40, cwd=tmp_path)
    blocks = [part.split("\n```")[0] for part in PAGE.read_text().split("```python\n")[1:]]
    assert len(blocks) == 3
    (tmp_path / "page.py").write_text("\n".join(blocks))
    done = subprocess.run(
        [sys.executable, "page.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
    )
    assert done.returncode == 0, done.stderr
    assert "rsi_4h_pctile" in done.stdout
    assert (tmp_path / "state.parquet").is_file()
