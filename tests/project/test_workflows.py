"""What runs for each change: the workflows, the hooks of git, the sandbox's image, the forms for issues."""

import json
import re
import shutil
import socket
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from finerworks.sandbox.options import DEFAULT_PORT

ROOT = Path(__file__).parents[2]
TARGETS = set(
    re.findall(r"^([a-z0-9-]+):.*## ", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
)
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
FORMS = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))
PINNED = re.compile(r"uses: ([\w.-]+/[\w./-]+)@([0-9a-f]{40}) # (v\d+\.\d+\.\d+)")

each_workflow = pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)


def loaded(path: Path) -> dict[str, Any]:
    """Read YAML in which `on` is a word, and no boolean."""
    read: dict[str, Any] = yaml.load(path.read_text("utf-8"), yaml.BaseLoader)  # noqa: S506 - it makes text of all
    return read


def steps(path: Path) -> Iterator[dict[str, Any]]:
    """Give all steps of a workflow."""
    for job in loaded(path)["jobs"].values():
        yield from job["steps"]


def test_there_is_a_workflow_for_each_part() -> None:
    """Tests, the contract, the languages, the documentation and a release."""
    assert [path.stem for path in WORKFLOWS] == ["contract", "docs", "languages", "release", "test"]


def test_actions_are_pinned_by_commit() -> None:
    """Each by a full hash with its version beside it; an action is the same one everywhere."""
    text = "".join(path.read_text("utf-8") for path in WORKFLOWS)
    pinned = PINNED.findall(text)
    assert len(pinned) == text.count("uses:") > 10
    assert len(set(pinned)) == len({action for action, _, _ in pinned})


@each_workflow
def test_a_workflow_may_do_no_more_than_it_needs(path: Path) -> None:
    """No permission that a job does not name, no token kept in a clone, no end that never comes."""
    workflow = loaded(path)
    assert workflow["permissions"] == {}
    assert "pull_request_target" not in workflow["on"]
    assert workflow["concurrency"]["group"] == "${{ github.workflow }}-${{ github.ref }}"
    for name, job in workflow["jobs"].items():
        publishes = name == "publish"
        assert ("id-token" in job["permissions"]) is publishes
        assert publishes or job["permissions"] == {"contents": "read"}
        assert ("environment" in job) is publishes
        assert int(job["timeout-minutes"]) <= 60
    for step in steps(path):
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] == "false"


@each_workflow
def test_what_a_workflow_runs_is_there(path: Path) -> None:
    """Its steps are targets of the Makefile, and nothing from outside is put into a command."""
    commands = [step["run"] for step in steps(path) if "run" in step]
    assert not [command for command in commands if "${{" in command]
    made = [
        word for command in commands if command.startswith("make ") for word in command.split()[1:]
    ]
    targets = {word for word in made if "=" not in word}
    assert targets
    assert targets <= TARGETS


def test_each_python_that_the_package_names_is_tested() -> None:
    """By all tests for each change, and by those of the wheel before a release."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    named = [
        line.rpartition(" ")[2] for line in project["classifiers"] if re.search(r":: 3\.\d+$", line)
    ]
    for workflow in ("test", "release"):
        job = loaded(ROOT / f".github/workflows/{workflow}.yml")["jobs"]["test"]
        assert job["strategy"]["matrix"]["python"] == named


def test_what_is_published_is_what_was_tested() -> None:
    """Built once, by no job but one; the others take those files, and publishing comes last."""
    jobs = loaded(ROOT / ".github/workflows/release.yml")["jobs"]
    built = [
        name
        for name, job in jobs.items()
        if any("make check-generated build" in str(step) for step in job["steps"])
    ]
    assert built == ["build"]
    assert jobs["test"]["needs"] == "build"
    assert jobs["publish"]["needs"] == ["build", "test"]
    assert not any("run" in step or "checkout" in step["uses"] for step in jobs["publish"]["steps"])


def test_dependabot_looks_where_the_packages_are() -> None:
    """Each folder with a list of Node's packages that is committed with its lock."""
    updates = loaded(ROOT / ".github/dependabot.yml")["updates"]
    (folders,) = (
        update["directories"] for update in updates if update["package-ecosystem"] == "npm"
    )
    tracked = [
        f"/{path.parent.relative_to(ROOT)}"
        for folder in ("benchmarks", "languages", "tools")
        for path in (ROOT / folder).rglob("package-lock.json")
        if not {"node_modules", "build"} & set(path.relative_to(ROOT).parts)
    ]
    assert sorted(folders) == sorted(tracked)


@pytest.mark.parametrize(
    "path", [path for path in FORMS if path.stem != "config"], ids=lambda path: path.stem
)
def test_a_form_says_to_leave_keys_out(path: Path) -> None:
    """At its top, and in a box that has to be ticked; its fields have names of their own."""
    form = loaded(path)
    assert {"name", "description", "body"} <= set(form)
    first, *_, last = form["body"]
    assert "Do not include any keys." in first["attributes"]["value"]
    assert "contains no keys" in last["attributes"]["options"][0]["label"]
    assert last["attributes"]["options"][0]["required"] == "true"
    names = [field["id"] for field in form["body"][1:]]
    assert len(names) == len(set(names)) >= 4


def git(folder: Path, *arguments: str) -> str:
    """Run git as somebody, with nothing of the machine's own settings."""
    who = ["-c", "user.name=A", "-c", "user.email=a@b.test", "-c", "core.hooksPath="]
    ran = subprocess.run(
        ["git", *who, *arguments], cwd=folder, capture_output=True, text=True, check=True
    )
    return ran.stdout


@pytest.mark.parametrize(
    ("path", "stage", "made"),
    [
        ("overlays/finerworks/money.py", "pre-commit", ["style"]),
        ("openapi.yaml", "pre-commit", ["lint-spec"]),
        (".github/workflows/test.yml", "pre-commit", ["lint-workflows"]),
        ("tools/sandbox.Dockerfile", "pre-commit", ["lint-workflows"]),
        ("README.md", "pre-commit", []),
        ("openapi.yaml", "pre-push", ["check-generated"]),
        ("generated/finerworks_client/client.py", "pre-push", ["check-generated"]),
        ("README.md", "pre-push", []),
    ],
)
def test_a_hook_makes_what_a_change_concerns(
    tmp_path: Path, path: str, stage: str, made: list[str]
) -> None:
    """pre-commit itself, with a Makefile that only tells what was asked of it: targets that the real one has."""
    git(tmp_path, "init", "--quiet")
    shutil.copy(ROOT / ".pre-commit-config.yaml", tmp_path)
    (tmp_path / "Makefile").write_text("%:\n\t@echo $@ >> made\n", "utf-8")
    changed = tmp_path / path
    changed.parent.mkdir(parents=True, exist_ok=True)
    changed.write_text("x: 1\n", "utf-8")
    git(tmp_path, "add", "--all")
    command = [sys.executable, "-m", "pre_commit", "run", "--hook-stage", stage, "--files", path]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    told = tmp_path / "made"
    assert (told.read_text("utf-8").split() if told.exists() else []) == made
    assert set(made) <= TARGETS


DOCKERFILE = (ROOT / "tools" / "sandbox.Dockerfile").read_text("utf-8")


def instruction(name: str) -> str:
    """Give what the image's last instruction of that name says."""
    said: list[str] = re.findall(rf"^{name} (.+)$", DOCKERFILE, re.MULTILINE)
    return said[-1]


def test_the_image_is_made_of_what_is_let_in() -> None:
    """The wheel and the pins are copied, nothing else reaches the build; it runs as nobody, from a pinned base."""
    ignored, *let_in = (
        (ROOT / "tools" / "sandbox.Dockerfile.dockerignore").read_text("utf-8").split()
    )
    assert ignored == "*"
    sources = DOCKERFILE.split("COPY ")[1].splitlines()[0].split()[:-1]
    assert [f"!{source}" for source in sources] == let_in == ["!constraints.txt", "!dist/*.whl"]
    assert (ROOT / "constraints.txt").is_file()
    assert fnmatch("dist/finerworks-1.0-py3-none-any.whl", sources[1])
    bases = set(re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE))
    assert len(bases) == 1
    assert re.fullmatch(r"python:3\.\d+\.\d+-slim-\w+", bases.pop())
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", instruction("USER"))


def test_the_image_runs_a_sandbox_that_is_healthy() -> None:
    """Its command listens for other machines on its port; its health check says so, and says when it has ended."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    assert instruction("EXPOSE") == str(DEFAULT_PORT)

    def command(text: str) -> list[str]:
        words: list[str] = json.loads(text.replace(str(DEFAULT_PORT), port))
        assert words[0] == "python"
        assert port in " ".join(words)
        return [sys.executable, *words[1:]]

    runs = command(instruction("ENTRYPOINT"))
    asks = command(instruction("HEALTHCHECK").partition(" CMD ")[2])
    with subprocess.Popen(
        [*runs, "--invoices", "40"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as sandbox:
        try:
            assert sandbox.stdout is not None
            assert f"listens on http://127.0.0.1:{port}" in sandbox.stdout.readline()
            assert subprocess.run(asks, check=False).returncode == 0
            keys = {"web_api_key": "sandbox-web-api-key", "app_key": "sandbox-app-key"}
            answer = httpx.post(
                f"http://127.0.0.1:{port}/v3/list_invoices", json={}, headers=keys, trust_env=False
            )
            assert answer.json()["total_count"] == 40
        finally:
            sandbox.terminate()
        _, warned = sandbox.communicate(timeout=60)
    assert "other machines can reach the sandbox on 0.0.0.0" in warned
    assert subprocess.run(asks, check=False, capture_output=True).returncode != 0
