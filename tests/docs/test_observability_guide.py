"""The guide to traces, metrics and logs: its programs print the shown output, and its tables are complete."""

import re
import subprocess
import sys

from tests.support.paths import ROOT

TEXT = (ROOT / "docs" / "observability.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
TRACING, LOGGING = (code for language, code in BLOCKS if language == "python")


def run(code: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True
    )


def test_no_block_is_left_out() -> None:
    assert [language for language, _ in BLOCKS] == ["console", "python", "python", "text"]


def test_spans_and_metrics() -> None:
    rankings, sites, metrics = run(TRACING).stdout.splitlines()
    assert rankings == "kentik.kmi.v202212.KmiService/GetRankings 1 5"
    assert sites.startswith("GET sites.list 0 ")
    assert re.findall(r"'(.*?)'", metrics) == sorted(set(re.findall(r"kentik\.client\.[a-z.]+", TEXT)))


def test_log_lines() -> None:
    (shown,) = (code for language, code in BLOCKS if language == "text")
    said = run(LOGGING).stderr
    # A request that was in the queue for a second or longer is logged at INFO.
    said = re.sub(r"^INFO (.* sent after [1-9]\d*\.)", r"DEBUG \1", said, flags=re.MULTILINE)
    assert re.sub(r"\d+\.\d+ s", "# s", said) == re.sub(r"\d+\.\d+ s", "# s", shown)


def test_every_attribute_is_listed() -> None:
    source = (ROOT / "kentik_async" / "_telemetry.py").read_text(encoding="utf-8")
    used = set(re.findall(r'"((?:kentik|rpc|http|server|error|exception|url)\.[a-z_.]+)"', source))
    assert used
    assert used <= set(re.findall(r"`([a-z_.]+)`", TEXT))
