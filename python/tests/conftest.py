"""A store and its outputs, made once by the command line."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Callable

import pytest

Run = Callable[..., str]


@pytest.fixture(scope="session")
def run() -> Run:
    """Run the command line, the program of the same build."""
    program = os.environ["DATA_PIPELINE_PROGRAM"]

    def call(*words: object, cwd: Path) -> str:
        done = subprocess.run(
            [program, *map(str, words)],
            cwd=cwd,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return call


@pytest.fixture(scope="session")
def folder(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the store `bars`, the boards, and the stages of their symbols."""
    place = tmp_path_factory.mktemp("market")
    run("sample", "--into", "bars", "--symbols", 6, "--days", 45, cwd=place)
    run("leaderboards", "--source", "bars", "--top-n", 3, cwd=place)
    run("metrics", "gainers", "--source", "bars", "--months", 1, "--output", "m.parquet", cwd=place)
    (place / "leaders.csv").write_text("symbol\nCEDAR/USD\nAMBER/USD\n")
    leaders = ["--source", "bars", "--input", "leaders.csv", "--months", 1]
    run("state", *leaders, "--out", "state", cwd=place)
    run("regime", *leaders, "--windows", "3d,7d", "--out", "regime", cwd=place)
    return place
