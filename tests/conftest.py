"""Shared by all tests: where reference data lie, a browser, and a quiet, repeatable machine."""

from __future__ import annotations

import gc
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from tests.support.kernels import Kernel

# Set before torch or a tokenizer is loaded: two cores are shared by the test workers.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("HF_HUB_OFFLINE", "1")

# A shell that starts the tests in the background has SIGINT ignored, which every process they start inherits.
signal.signal(signal.SIGINT, signal.default_int_handler)

# What is imported and collected lives to the end: the collector need not walk it again and again.
gc.disable()


def pytest_configure(config: pytest.Config) -> None:
    """Properties that name no number of examples are tried on 40 in the quick run, and on 200 in the whole one. None
    fails because the machine has other work."""
    settings.register_profile("quick", max_examples=40, deadline=None)
    settings.register_profile("whole", max_examples=200, deadline=None)
    settings.load_profile("quick" if "not slow" in config.option.markexpr else "whole")


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


REPO = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def repo() -> Path:
    """The root of the checkout."""
    return REPO


@pytest.fixture(scope="session")
def shared() -> Path:
    """Reference data that do not ship: `RAO_SHARED`, by default `shared/` beside the checkout."""
    folder = Path(os.environ.get("RAO_SHARED", REPO.parent / "shared"))
    if not (folder / "reference").is_dir():
        pytest.skip("the reference data are not here (set RAO_SHARED to their folder)")
    return folder


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of a Chromium; its absence fails if `RAO_REQUIRE_BROWSER` is set, and otherwise skips."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        found = shutil.which(name)
        if found:
            return found
    if os.environ.get("RAO_REQUIRE_BROWSER"):
        pytest.fail("RAO_REQUIRE_BROWSER is set, but no Chromium is installed")
    pytest.skip("no Chromium is installed")


@pytest.fixture(scope="session")
def random_tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder with the tiny tokenizer and random weights: quick, and knows nothing."""
    from rao_lab.experiments.tiny import make as make_tiny
    from rao_lab.experiments.tiny import tokens as tiny_tokens

    folder = tmp_path_factory.mktemp("model") / "random"
    tokenizer = tiny_tokens.LANGUAGE.build()
    config = make_tiny.MakeConfig(hidden=32, inner=64, layers=1, heads=2, shared_heads=1, window=96)
    make_tiny.save(make_tiny.new_model(config, tokenizer), tokenizer, folder, {"random": True})
    return folder


@pytest.fixture(scope="session")
def one_kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    """The kernel that all tests share: to start one takes seconds."""
    pytest.importorskip("jupyter_client")
    pytest.importorskip("ipykernel")
    from tests.support.kernels import started

    with started(tmp_path_factory.mktemp("kernel")) as kernel:
        yield kernel


@pytest.fixture
def kernel(one_kernel: Kernel, tmp_path: Path) -> Kernel:
    """The kernel, in this test's folder and with no names."""
    one_kernel.clean(tmp_path)
    return one_kernel
