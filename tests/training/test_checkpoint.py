"""A resumed run ends as an uninterrupted one, to the bit; a folder is whole or is not used."""

from __future__ import annotations

import json
import os
import resource
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from rao_lab.credit import CreditConfig
from rao_lab.errors import ConfigError, InputError, MissingError, UnavailableError
from rao_lab.training import checkpoint
from rao_lab.training.config import LossConfig, TrainConfig
from rao_lab.training.metrics import TrainStep
from rao_lab.training.state import TrainState, new_state
from tests.support.configs import small_config
from tests.support.tinymodels import TinyPolicy, llama, stepping

CONFIG = small_config(steps=4, group_size=2, probe_tasks=1, probe_rollouts=1, probe_every=2)


def policy(seed: int = 1) -> TinyPolicy:
    return TinyPolicy(llama(seed=seed))


def go(
    trained: TinyPolicy, config: TrainConfig, state: TrainState, steps: int | None = None
) -> list[TrainStep]:
    found = []
    for step in stepping(config, trained, state=state):
        found.append(step)
        if len(found) == steps:
            break
    return found


def same_state(left: TrainState, right: TrainState) -> bool:
    pairs = [
        (left.optimizer.tensors(), right.optimizer.tensors()),
        (left.optimizer.params, right.optimizer.params),
    ]
    means = [np.zeros(0) if state.moving is None else state.moving for state in (left, right)]
    return (
        left.counters() == right.counters()
        and np.array_equal(*means, equal_nan=True)
        and all(a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a) for a, b in pairs)
    )


@pytest.mark.parametrize(
    "config",
    [
        CONFIG,
        replace(CONFIG, loss=LossConfig(kl=0.2), lr_decay="cosine"),
        replace(CONFIG, epochs=2, loss=LossConfig(loss="cispo")),
        replace(CONFIG, credit=CreditConfig(baseline="moving", decay=0.5)),
    ],
    ids=["plain", "kl", "epochs", "moving"],
)
def test_a_resumed_run_ends_as_an_uninterrupted_one_to_the_bit(tmp_path, config) -> None:
    whole = policy()
    through = new_state(whole.model, config)
    expected = go(whole, config, through)

    first = policy()
    state = new_state(first.model, config)
    go(first, config, state, steps=3)
    checkpoint.save(tmp_path / "step-2", first, state, config)

    again = policy(seed=7)  # other weights: all must come from the folder
    resumed = checkpoint.load(tmp_path / "step-2", again, config)
    assert again.version == first.version and again.cleared == 1
    rest = go(again, config, resumed)
    assert same_state(resumed, through)
    for step, other in zip(rest, expected[3:], strict=True):
        assert step.trees == other.trees
        np.testing.assert_array_equal(step.attributions.c, other.attributions.c)
        assert {**step.metrics, "tokens_per_second": None} == {**other.metrics, "tokens_per_second": None}


def test_half_precision_weights_and_their_copies_come_back(tmp_path) -> None:
    config = replace(CONFIG, logprob_bound=10.0)
    trained = TinyPolicy(llama(seed=1, dtype=torch.bfloat16))
    state = new_state(trained.model, config)
    go(trained, config, state, steps=2)
    checkpoint.save(tmp_path / "a", trained, state, config)
    again = TinyPolicy(llama(seed=2, dtype=torch.bfloat16))
    assert same_state(checkpoint.load(tmp_path / "a", again, config), state)


@pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing.*:FutureWarning")
def test_an_adapter_comes_back(tmp_path) -> None:
    peft = pytest.importorskip("peft")

    def adapted(seed: int) -> TinyPolicy:
        torch.manual_seed(seed)
        settings = peft.LoraConfig(r=2, target_modules=["q_proj", "v_proj"], init_lora_weights=False)
        return TinyPolicy(peft.get_peft_model(llama(seed=1), settings))

    trained = adapted(0)
    state = new_state(trained.model, CONFIG)
    assert all("lora" in name for name in state.optimizer.params)
    go(trained, CONFIG, state, steps=2)
    checkpoint.save(tmp_path / "a", trained, state, CONFIG)
    assert same_state(checkpoint.load(tmp_path / "a", adapted(1), CONFIG), state)


@pytest.fixture(scope="module")
def saved(tmp_path_factory) -> Path:
    trained = policy()
    state = new_state(trained.model, CONFIG)
    go(trained, CONFIG, state, steps=2)
    return checkpoint.save(tmp_path_factory.mktemp("run") / "step-1", trained, state, CONFIG)


@pytest.fixture
def copy(saved, tmp_path) -> Path:
    folder = tmp_path / "step-1"
    for path in saved.rglob("*"):
        if path.is_file():
            target = folder / path.relative_to(saved)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    return folder


def test_a_checkpoint_says_what_it_is(saved) -> None:
    found = checkpoint.verify(saved)
    assert (found.step, found.version, found.config) == (1, 1, CONFIG)
    assert (found.policy / "model.safetensors").is_file()


def test_nothing_in_it_is_pickled_and_nothing_temporary_stays(saved) -> None:
    names = {path.relative_to(saved).as_posix() for path in saved.rglob("*") if path.is_file()}
    assert {Path(name).suffix for name in names} == {".json", ".safetensors"}
    assert "weights.safetensors" not in names  # the policy's own folder holds them
    assert [path.name for path in saved.parent.iterdir()] == ["step-1"]


def is_whole(folder: Path) -> bool:
    try:
        checkpoint.verify(folder)
    except (InputError, MissingError):
        return False
    return True


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_any_changed_byte_of_any_file_is_found(copy) -> None:
    for path in files(copy):
        before = path.read_bytes()
        path.write_bytes(before[:-3] + bytes([before[-3] ^ 1]) + before[-2:])
        assert not is_whole(copy), path.name
        path.write_bytes(before)
    assert is_whole(copy)


def test_a_file_too_few_or_too_many_is_found(copy) -> None:
    for path in files(copy):
        before = path.read_bytes()
        path.unlink()
        assert not is_whole(copy), path.name
        path.write_bytes(before)
    (copy / "policy" / "more.safetensors").write_bytes(b"")
    with pytest.raises(InputError, match=r"more\.safetensors"):
        checkpoint.verify(copy)


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"files": {}}', '{"files": 3}', "[" * 100_000, '{"files": {"../x": {}}}', "\xff"],
)
def test_a_hostile_manifest_is_one_clear_line(copy, text) -> None:
    (copy / "manifest.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(InputError) as caught:
        checkpoint.verify(copy)
    assert "\n" not in str(caught.value) and "step-1" in str(caught.value)


def test_a_pipe_in_the_place_of_a_manifest_is_not_waited_for(copy) -> None:
    (copy / "manifest.json").unlink()
    os.mkfifo(copy / "manifest.json")
    with pytest.raises(InputError, match=r"manifest\.json is no file"):
        checkpoint.verify(copy)


def test_a_manifest_beyond_its_bound_is_said_to_be(copy) -> None:
    with (copy / "manifest.json").open("r+b") as file:
        file.truncate(checkpoint.MAX_JSON_BYTES + 1)
    with pytest.raises(InputError, match=r"manifest\.json is larger than"):
        checkpoint.verify(copy)


def forge(copy: Path, **changes) -> None:
    """Changes trainer.json and makes the manifest agree."""
    said = json.loads((copy / "trainer.json").read_text()) | changes
    (copy / "trainer.json").write_text(json.dumps(said))
    manifest = json.loads((copy / "manifest.json").read_text())
    manifest["files"]["trainer.json"] = checkpoint._fingerprint(copy / "trainer.json")
    (copy / "manifest.json").write_text(json.dumps(manifest))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"format": 2}, "format 2"),
        ({"counters": {}}, "lacks its counters"),
        ({"counters": None}, "lacks its counters"),
        ({"version": -1}, "version is -1"),
        ({"version": "1"}, "version is '1'"),
        ({"config": {"stepz": 1}}, "did you mean 'steps'"),
        ({"config": {"steps": "many"}}, "steps must be a whole number"),
    ],
)
def test_a_forged_description_is_refused(copy, changes, words) -> None:
    forge(copy, **changes)
    with pytest.raises(InputError, match=words):
        checkpoint.verify(copy)


def test_a_folder_that_is_not_there_is_missing(tmp_path) -> None:
    with pytest.raises(MissingError, match="no checkpoint step-9"):
        checkpoint.verify(tmp_path / "step-9")


def test_other_settings_are_refused_but_for_more_steps(saved) -> None:
    assert checkpoint.load(saved, policy(), replace(CONFIG, steps=9)).step == 1
    with pytest.raises(ConfigError, match=r"learning_rate=0\.01 and cannot be resumed with 0\.5"):
        checkpoint.load(saved, policy(), replace(CONFIG, learning_rate=0.5))
    with pytest.raises(ConfigError, match=r"probe_seed=None and cannot be resumed with 3"):
        checkpoint.load(saved, policy(), replace(CONFIG, probe_seed=3))
    other = replace(CONFIG, credit=replace(CONFIG.credit, lam=0.1))
    with pytest.raises(ConfigError, match=r"with credit\.lam=0\.4 and cannot be resumed with 0\.1"):
        checkpoint.load(saved, policy(), other)


def test_another_model_is_refused_and_left_as_it_is(saved) -> None:
    other = TinyPolicy(llama(seed=3, intermediate_size=32))
    before = {name: param.clone() for name, param in other.model.named_parameters()}
    with pytest.raises(InputError, match="do not fit the model: load the policy that this run began with"):
        checkpoint.load(saved, other, CONFIG)
    assert all(torch.equal(before[name], param) for name, param in other.model.named_parameters())


def test_a_step_that_is_not_handed_out_cannot_be_saved(tmp_path) -> None:
    trained = policy()
    state = new_state(trained.model, CONFIG)
    state.due = object()
    with pytest.raises(ConfigError, match="not handed out"):
        checkpoint.save(tmp_path / "a", trained, state, CONFIG)


def test_a_folder_of_the_same_name_is_replaced(copy) -> None:
    trained = policy(seed=4)
    state = new_state(trained.model, CONFIG)
    go(trained, CONFIG, state, steps=3)
    checkpoint.save(copy, trained, state, CONFIG)
    assert checkpoint.verify(copy).step == 2
    assert [path.name for path in copy.parent.iterdir()] == ["step-1"]


def test_what_a_crash_left_half_written_is_swept_away(copy) -> None:
    rough = copy.with_name(".step-1.partial")
    rough.mkdir()
    (rough / "junk").write_text("half")
    trained = policy()
    checkpoint.save(copy, trained, new_state(trained.model, CONFIG), CONFIG)
    assert not rough.exists()


def test_an_interrupted_save_leaves_nothing_behind(copy, monkeypatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(checkpoint, "_put_in_place", interrupted)
    trained = policy()
    with pytest.raises(KeyboardInterrupt):
        checkpoint.save(copy, trained, new_state(trained.model, CONFIG), CONFIG)
    assert [path.name for path in copy.parent.iterdir()] == ["step-1"]
    assert is_whole(copy)  # the earlier one


def test_a_full_disk_is_one_line_and_leaves_nothing_behind(copy) -> None:
    """Files may grow to 8 KB only, which is what a full disk does to a write."""
    trained = policy()
    state = new_state(trained.model, CONFIG)
    go(trained, CONFIG, state, steps=2)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8192, hard))
    try:
        with pytest.raises(UnavailableError, match="cannot be written") as caught:
            checkpoint.save(copy, trained, state, CONFIG)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "\n" not in str(caught.value)
    assert [path.name for path in copy.parent.iterdir()] == ["step-1"]
    assert is_whole(copy)  # the earlier one
