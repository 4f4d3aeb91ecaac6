"""The doctor: its arithmetic, its words, and its report as JSON."""

from __future__ import annotations

import json
import platform
from pathlib import Path

from rao_lab.cli.doctor import examine, fits
from rao_lab.cli.reports.doctor import doctor_text
from tests.support.command_line import CommandLine


def test_which_size_fits_is_plain_arithmetic() -> None:
    # 24 GB, 30 % left free: 16.8 GB over 16, 18, 4.2, 2.2, 4 and 2 bytes a parameter.
    rows = {row["way"]: row for row in fits(24e9)}
    assert [row["billions"] for row in rows.values()] == [1.05, 0.93, 4.0, 7.64, 4.2, 8.4]
    assert rows["full, fp32"]["largest"] == "0.5B"
    assert rows["LoRA on bf16"]["largest"] == "4B"
    assert rows["run only, bf16"]["largest"] == "8B"
    assert rows["full, fp32"]["arithmetic"] == "24.0 GB x 0.7 / 16 bytes = 1.05B parameters"


def test_nothing_fits_into_nothing() -> None:
    assert [row["largest"] for row in fits(0.0)] == [None] * 6


def test_the_report_is_json_and_names_neither_host_nor_user() -> None:
    report = examine()
    text = json.dumps(report) + doctor_text(report)
    assert platform.node() not in text or not platform.node()
    assert str(Path.home()) not in text


def test_the_words_say_the_device_the_sandbox_and_the_largest_model() -> None:
    words = doctor_text(examine())
    assert "device" in words
    assert [line[:16] for line in words.splitlines() if line.startswith("* ")][:3] == (
        ["* full, fp32    ", "* LoRA on fp32  ", "* run only, fp32"]
        if examine()["dtype"] == "float32"
        else ["* full, bf16    ", "* LoRA on bf16  ", "* run only, bf16"]
    )
    assert "runs code, and refuses to open files" in words
    assert "bytes = " in words
    assert "Problems: " in words
    assert max(map(len, words.partition("Largest")[0].splitlines())) <= 80


def test_threads_belong_to_models_and_those_of_a_larger_one_to_the_moment() -> None:
    threads = {"small": 1, "others": 2, "asked": None, "sleep": True}
    assert "threads   1 in small models, 2 in larger ones now; they wait asleep" in doctor_text(
        {**examine(), "threads": threads}
    )


def test_doctor_tells_what_is_here(lab: CommandLine) -> None:
    status, out, _ = lab(["doctor", "--json"])
    report = json.loads(out)
    assert status == (1 if report["problems"] else 0)
    assert report["checks"]["sandbox"]["problem"] is None
    assert {"device", "dtype", "cores", "memory_gb", "fits", "versions", "browser", "node"} <= set(report)
