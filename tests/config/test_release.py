"""A tree says which release it is: in a checkout, in an archive, and in an image. `make release` cuts the next one."""

import re
import shutil
import subprocess
from datetime import date
from pathlib import Path

import pytest

from config import release

ROOT = Path(__file__).resolve().parents[2]
FILES = (
    ".gitattributes",
    "CHANGELOG.md",
    "config/release.py",
    "deploy/RELEASES",
    "deploy/docker/Dockerfile",
    "deploy/release",
)
SAY = """
from pathlib import Path
from config import release
commit = release.commit(Path())
print(commit, release.version(commit))
"""


def lines_of_releases(root: Path = ROOT) -> list[list[str]]:
    lines = (root / "deploy" / "RELEASES").read_text(encoding="utf-8").splitlines()
    return [line.split() for line in lines if not line.startswith("#")]


def test_the_changelog_tells_of_each_release_and_of_what_comes_after_it():
    first, *releases = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.M)
    assert first == "Unreleased"
    found = [re.fullmatch(r"(\d+\.\d+\.\d+) \((\d{4}-\d\d-\d\d)\)", line).groups() for line in releases]
    assert all(date.fromisoformat(day) for _, day in found)
    numbers = [number for number, _ in found]
    if not release.NUMBER.endswith(".dev"):
        assert numbers.pop(0) == release.NUMBER
    assert numbers == [number for number, _ in reversed(lines_of_releases())]


@pytest.fixture
def checkout(tmp_path) -> Path:
    """A repository with the files that a release needs."""
    root = tmp_path / "checkout"
    for name in FILES:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, root / name)
    git(root, "init", "-q")
    git(root, "config", "user.name", "Dana")
    git(root, "config", "user.email", "dana@example.com")
    git(root, "add", ".")
    git(root, "commit", "-qm", "All")
    return root


def git(root: Path, *arguments: str) -> str:
    return subprocess.run(
        ["git", *arguments], cwd=root, check=True, capture_output=True, text=True
    ).stdout.strip()


def told(root: Path) -> list[str]:
    """The commit and the version that the tree in `root` says of itself."""
    done = subprocess.run(["python3", "-c", SAY], cwd=root, check=True, capture_output=True, text=True)
    return done.stdout.split()


def unpacked(root: Path, into: Path) -> Path:
    into.mkdir()
    archive = subprocess.run(["git", "archive", "HEAD"], cwd=root, check=True, capture_output=True).stdout
    subprocess.run(["tar", "x"], cwd=into, input=archive, check=True)
    return into


def test_a_checkout_and_an_archive_without_git_say_the_same_commit(checkout, tmp_path):
    head = git(checkout, "rev-parse", "HEAD")
    expected = [head, f"{release.NUMBER}+{head[:12]}"]
    assert told(checkout) == told(unpacked(checkout, tmp_path / "archive")) == expected


def test_an_image_says_the_commit_that_its_build_was_given(checkout, tmp_path):
    image = tmp_path / "image"
    shutil.copytree(checkout, image, ignore=shutil.ignore_patterns(".git"))
    assert told(image) == [f"{release.NUMBER}+unknown"]
    [command] = re.findall(r"^RUN (.*COMMIT.*)$", (image / "deploy/docker/Dockerfile").read_text(), re.M)
    subprocess.run(
        ["sh", "-c", command], cwd=image, check=True, env={"PATH": "/usr/bin:/bin", "COMMIT": "a" * 40}
    )
    assert told(image) == ["a" * 40, f"{release.NUMBER}+{'a' * 12}"]


def test_a_release_is_cut_in_two_commits_and_the_line_names_the_first(checkout):
    number = release.NUMBER.removesuffix(".dev")
    text = (checkout / "CHANGELOG.md").read_text()
    (checkout / "CHANGELOG.md").write_text(
        text.replace("## Unreleased\n", "## Unreleased\n\n- It does more.\n", 1)
    )
    git(checkout, "commit", "-qam", "Do more")
    subprocess.run(["deploy/release"], cwd=checkout, check=True, capture_output=True)

    commit = git(checkout, "rev-parse", "HEAD^")
    assert (
        lines_of_releases(checkout)[-1]
        == [number, commit]
        == [number, git(checkout, "rev-parse", f"v{number}^{{}}")]
    )
    assert f'NUMBER = "{number}"' in git(checkout, "show", f"{commit}:config/release.py")
    assert re.search(
        rf"^## Unreleased\n\n## {number} \(.*\)\n\n- It does more",
        git(checkout, "show", f"{commit}:CHANGELOG.md"),
        re.M,
    )
    assert told(checkout)[1].startswith("0.") and ".dev+" in told(checkout)[1]
    assert told(checkout)[1].partition(".dev")[0] != number


def test_a_release_is_not_cut_from_changes_that_no_commit_has_or_that_nobody_described(checkout):
    (checkout / "CHANGELOG.md").write_text(
        "# Changelog\n\n## Unreleased\n\n## 0.1.0 (2026-11-28)\n\n- It began.\n"
    )
    for words in ("no commit has", "nothing under Unreleased"):
        done = subprocess.run(["deploy/release"], cwd=checkout, capture_output=True, text=True)
        assert done.returncode == 1 and words in done.stderr
        git(checkout, "commit", "-qam", "Empty", "--allow-empty")
