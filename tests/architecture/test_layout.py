"""What was asked for of the repository's shape and of the packages it stands on."""

import ast
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = sorted((ROOT / "server").rglob("*.py"))
JOBS = {
    "aiohttp": "web/middleware.py",
    "aiohttp_session": "web/sessions.py",
    "mcp": "endpoint/kernel.py",
    "pluggy": "loader.py",
    "authlib": "authorization/grants.py",
    "pydantic_settings": "configuration.py",
    "structlog": "logs.py",
}


def imports(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split(".")[0])
    return names


@pytest.mark.row("R19")
def test_the_top_level_is_as_asked_for() -> None:
    for name in ("pyproject.toml", "server", "plugins/jira", "plugins/confluence", "tests"):
        assert (ROOT / name).exists()
    assert (ROOT / "config" / "example.toml").is_file()


@pytest.mark.row("R20")
@pytest.mark.parametrize(("package", "module"), JOBS.items())
def test_each_named_package_does_its_job(package: str, module: str) -> None:
    assert package in imports(ROOT / "server" / "telamon" / module)


@pytest.mark.row("R20")
def test_the_tests_run_on_pytest_aiohttp() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert any(
        d.startswith("pytest-aiohttp") for d in project["project"]["optional-dependencies"]["test"]
    )
    using = [
        path
        for path in (ROOT / "tests").rglob("*.py")
        if "aiohttp_client" in path.read_text() and path != Path(__file__)
    ]
    assert using


@pytest.mark.row("R17")
def test_the_core_is_aiohttp_and_no_other_web_framework() -> None:
    found = {
        package
        for path in MODULES
        for package in imports(path) & {"starlette", "uvicorn", "fastapi", "flask", "requests"}
    }
    assert found == set()


@pytest.mark.row("R15")
def test_no_credential_is_built_in() -> None:
    settings = (ROOT / "config" / "example.toml").read_text()
    assert "tlm_" not in settings
    assert not [path for path in MODULES if 'client_secret="' in path.read_text().replace(" ", "")]
