"""The links of the documents work, and their tables of figures are those of the benchmark."""

import re
from pathlib import Path

import pytest

from tests.support.paths import ROOT

TABLE = re.compile(r"(?:^\|.*\n)+", re.MULTILINE)

DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/*.md")])
OF_THE_SITE = {"index", "cli", "examples", "changelog"}
"""Pages that list or include what the README links to in the repository."""
LINK = re.compile(r"\[[^\]]*\]\((?!https?://|mailto:)([^)#]+)(?:#([^)]+))?\)")


def anchors(document: Path) -> set[str]:
    """Return the headings of a document in the form of link anchors."""
    headings = re.findall(r"^#+ (.*)$", document.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    for place, anchor in LINK.findall(document.read_text(encoding="utf-8")):
        target = document.parent / place
        assert target.exists(), f"{document.name} links to {place}"
        assert not anchor or anchor in anchors(target), f"{document.name} links to {place}#{anchor}"


def test_the_readme_leads_to_every_guide() -> None:
    linked = {place for place, _ in LINK.findall((ROOT / "README.md").read_text(encoding="utf-8"))}
    assert {f"docs/{path.name}" for path in ROOT.glob("docs/*.md") if path.stem not in OF_THE_SITE} <= linked


def test_limiter_comparison_shows_measured_figures() -> None:
    measured = (ROOT / "benchmarks/results/limiter.md").read_text(encoding="utf-8")
    guide = (ROOT / "docs/quota.md").read_text(encoding="utf-8")
    _, compared = guide.split("\n## Comparison with other limiters\n")
    rows = TABLE.findall(compared)
    assert len(rows) == 4
    assert set(rows) <= set(TABLE.findall(measured + "\n"))
