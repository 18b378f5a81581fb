"""The files that operators copy: what they name exists, and their own programs accept them."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel

from telamon.configuration import CONFIG_VARIABLE, FROM_FILE, _known, read_settings
from telamon.settings import PREFIX, LimitSettings, ListenSettings, Settings
from telamon.storage import new_key

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "config"
RECIPES = sorted(
    path
    for folder in ("compose", "container", "kubernetes", "nginx", "systemd")
    for path in (CONFIG / folder).rglob("*")
    if path.is_file() and path.name != ".gitignore"
)
MANIFESTS = sorted(
    set(CONFIG.glob("kubernetes/*.yaml")) - {CONFIG / "kubernetes/kustomization.yaml"}
)
PROGRAMS = Path(sys.executable).parent
STOPS_WITHIN = ListenSettings().shutdown_seconds + 5
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]


def name(path: Path) -> str:
    return str(path.relative_to(CONFIG))


def program(called: str) -> str:
    """Return where a program is; .ci/run installs those that are tried here."""
    found = shutil.which(called, path="/usr/sbin:/usr/bin:/usr/local/bin:/bin")
    if found is None:
        pytest.skip(f"there is no {called} here")
    return found


def tried(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, check=False, capture_output=True, text=True)


def manifests() -> list[dict[str, Any]]:
    return [each for path in MANIFESTS for each in yaml.safe_load_all(path.read_text())]


def of_kind(kind: str) -> dict[str, Any]:
    (found,) = (each for each in manifests() if each["kind"] == kind)
    return found


# --- what they name ----------------------------------------------------------------------------


@pytest.mark.parametrize("path", RECIPES, ids=name)
def test_every_variable_that_is_set_is_a_setting(path: Path) -> None:
    for variable in set(re.findall(rf"{PREFIX}\w+", path.read_text())) - {CONFIG_VARIABLE}:
        setting = variable.removeprefix(PREFIX).removesuffix(FROM_FILE).lower().split("__")
        assert _known(setting, Settings), variable


@pytest.mark.parametrize("path", RECIPES, ids=name)
def test_every_setting_that_is_spoken_of_exists(path: Path) -> None:
    for table, field in re.findall(r"\b([a-z]+)\.([a-z]+_[a-z_]+)\b", path.read_text()):
        section = Settings.model_fields[table].annotation
        assert isinstance(section, type)
        assert issubclass(section, BaseModel)
        assert field in section.model_fields


@pytest.mark.parametrize("path", RECIPES, ids=name)
def test_every_version_that_is_named_is_this_one(path: Path) -> None:
    named = re.findall(r"\btelamon(?::|-migrate-)(\d+[.-]\d+[.-]\d+)", path.read_text())
    assert {each.replace("-", ".") for each in named} <= {VERSION}


def test_every_recipe_is_named_on_the_operators_page() -> None:
    page = (ROOT / "docs" / "operators.md").read_text()
    folders = {path.relative_to(CONFIG).parts[0] for path in RECIPES}
    assert [folder for folder in folders if f"(../config/{folder}/" not in page] == []


def test_no_proxy_is_stricter_than_the_server_about_the_size_of_a_request() -> None:
    nginx = (CONFIG / "nginx" / "telamon.conf").read_text()
    caddy = (CONFIG / "compose" / "Caddyfile").read_text()
    ingress = of_kind("Ingress")["metadata"]["annotations"]
    sizes = (
        *re.findall(r"client_max_body_size (\d+)m;", nginx),
        *re.findall(r"max_size (\d+)MiB", caddy),
        ingress["nginx.ingress.kubernetes.io/proxy-body-size"].removesuffix("m"),
    )
    assert {int(size) * 2**20 for size in sizes} == {LimitSettings().request_bytes}
    assert len(sizes) == 3


def test_a_proxy_gives_up_an_idle_connection_before_the_server_does() -> None:
    nginx = (CONFIG / "nginx" / "telamon.conf").read_text()
    caddy = (CONFIG / "compose" / "Caddyfile").read_text()
    seconds = [
        *re.findall(r"keepalive_timeout (\d+)s;", nginx),
        *re.findall(r"keepalive (\d+)s\n", caddy),
    ]
    assert len(seconds) == 2
    assert max(map(int, seconds)) < ListenSettings().keepalive_seconds


# --- systemd -----------------------------------------------------------------------------------


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """The unit, with a program in the place of the server that is there on every machine."""
    text = (CONFIG / "systemd" / "telamon.service").read_text()
    path = tmp_path / "telamon.service"
    path.write_text(text.replace("/opt/telamon/.venv/bin/telamon", "/bin/true"))
    return path


def test_systemd_accepts_the_unit(unit: Path) -> None:
    done = tried(program("systemd-analyze"), "verify", "--man=no", unit)
    said = [line for line in done.stderr.splitlines() if "telamon" in line]
    assert (done.returncode, said) == (0, [])


def test_systemd_finds_the_unit_hardly_exposed(unit: Path) -> None:
    rated = tried(program("systemd-analyze"), "security", "--offline=true", "--threshold=15", unit)
    assert rated.returncode == 0, rated.stdout[-200:]


@pytest.mark.may_skip
def test_the_server_never_needs_memory_that_is_both_written_and_run() -> None:
    """As MemoryDenyWriteExecute= of the unit demands: the whole journey of the demo without."""
    done = tried(
        sys.executable,
        "-c",
        "import ctypes, sys\n"
        "PR_SET_MDWE, REFUSE_EXEC_GAIN = 65, 1\n"
        "if ctypes.CDLL(None).prctl(PR_SET_MDWE, REFUSE_EXEC_GAIN, 0, 0, 0): sys.exit(77)\n"
        "from telamon.__main__ import main\n"
        "sys.argv = ['telamon', 'demo', '--check']\n"
        "main()\n",
    )
    if done.returncode == 77:
        pytest.skip("only Linux 6.3 and newer can refuse such memory")
    assert done.returncode == 0, done.stderr


def test_the_unit_gives_the_server_the_time_it_needs_to_stop() -> None:
    text = (CONFIG / "systemd" / "telamon.service").read_text()
    found = re.search(r"^TimeoutStopSec=(\d+)$", text, re.MULTILINE)
    assert found
    assert int(found[1]) >= STOPS_WITHIN


# --- compose -----------------------------------------------------------------------------------


@pytest.fixture
def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((CONFIG / "compose" / "compose.yaml").read_text())
    return found


def test_the_compose_file_keeps_to_the_schema() -> None:
    checker, path = PROGRAMS / "check-jsonschema", CONFIG / "compose" / "compose.yaml"
    done = tried(checker, "--builtin-schema", "vendor.compose-spec", path)
    assert done.returncode == 0, done.stdout


def test_compose_runs_replicas_that_can_write_nothing_and_gain_nothing(
    compose: dict[str, Any],
) -> None:
    server = compose["services"]["telamon"]
    assert server["deploy"]["replicas"] >= 2
    assert server["read_only"] is True
    assert server["cap_drop"] == ["ALL"]
    assert int(server["stop_grace_period"].removesuffix("s")) >= STOPS_WITHIN
    for service in compose["services"].values():
        assert "no-new-privileges:true" in service["security_opt"]
        assert ":" in service["image"]


def test_only_the_proxy_is_reached_from_outside_of_compose(compose: dict[str, Any]) -> None:
    assert [name for name, each in compose["services"].items() if "ports" in each] == ["proxy"]
    assert compose["services"]["database"]["networks"] == ["back"]
    assert compose["networks"]["back"]["internal"] is True
    (front,) = compose["networks"]["front"]["ipam"]["config"]
    trusted = compose["services"]["telamon"]["environment"]["TELAMON_LISTEN__TRUSTED_PROXIES"]
    assert trusted == f'["{front["subnet"]}"]'


def test_every_secret_of_compose_is_made_by_the_lines_above_it(compose: dict[str, Any]) -> None:
    above = (CONFIG / "compose" / "compose.yaml").read_text().split("name: telamon")[0]
    for secret in compose["secrets"].values():
        assert f"> {secret['file']}" in above
    for service in compose["services"].values():
        assert set(service.get("secrets", [])) <= set(compose["secrets"])
    # The server's user is the image's.
    uid = re.search(r"--uid (\d+)", (CONFIG / "container" / "Containerfile").read_text())
    assert uid
    assert f"chown {uid[1]} " in above


def test_caddy_accepts_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUBLIC_HOST", "mcp.example.com")
    monkeypatch.setenv("HOME", str(tmp_path))
    path = CONFIG / "compose" / "Caddyfile"
    done = tried(program("caddy"), "validate", "--adapter", "caddyfile", "--config", path)
    assert done.returncode == 0, done.stderr


# --- Kubernetes --------------------------------------------------------------------------------


@pytest.mark.parametrize("path", MANIFESTS, ids=name)
def test_a_manifest_keeps_to_the_schema(path: Path) -> None:
    done = tried(PROGRAMS / "kubernetes-validate", "--strict", "--quiet", path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_manifest_but_the_secret_is_applied() -> None:
    applied = yaml.safe_load((CONFIG / "kubernetes" / "kustomization.yaml").read_text())
    assert {*applied["resources"], "secret.example.yaml"} == {path.name for path in MANIFESTS}
    (generated,) = applied["configMapGenerator"]
    assert all((CONFIG / "kubernetes" / file).is_file() for file in generated["files"])


def test_what_the_replicas_share_is_a_configuration(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    example = of_kind("Secret")["stringData"]
    values = {"atlassian": "made-up", "keys": new_key(), "database": example["database"]}
    assert set(values) == set(example)
    (container,) = of_kind("Deployment")["spec"]["template"]["spec"]["containers"]
    for variable in container["env"]:
        file = Path(variable["value"])
        if variable["name"] != CONFIG_VARIABLE:
            (tmp_path / file.name).write_text(values.pop(file.name))
            monkeypatch.setenv(variable["name"], str(tmp_path / file.name))
    monkeypatch.setenv("TELAMON_ATLASSIAN__CLIENT_ID", "app")
    settings = read_settings(CONFIG / "kubernetes" / "telamon.toml")
    assert values == {}
    ports = {each["name"]: each["containerPort"] for each in container["ports"]}
    assert ports == {"http": settings.listen.port, "metrics": settings.listen.metrics_port}
    assert settings.storage.url.get_secret_value().startswith("postgresql://")
    assert settings.storage.migrate is False


@pytest.mark.parametrize("kind", ["Deployment", "Job"])
def test_a_pod_may_do_no_more_than_the_restricted_standard_allows(kind: str) -> None:
    pod = of_kind(kind)["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    # A Service named telamon would else set TELAMON_PORT, which is no setting.
    assert pod["enableServiceLinks"] is False
    assert pod["automountServiceAccountToken"] is False
    for container in pod["containers"]:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert container["resources"]["limits"]["memory"]


def test_the_replicas_are_probed_drained_and_kept_apart() -> None:
    deployment = of_kind("Deployment")["spec"]
    pod = deployment["template"]["spec"]
    (container,) = pod["containers"]
    probes = {
        probe: container[f"{probe}Probe"]["httpGet"]["path"] for probe in ("liveness", "readiness")
    }
    assert probes == {"liveness": "/livez", "readiness": "/readyz"}
    pause = container["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert pod["terminationGracePeriodSeconds"] >= pause + STOPS_WITHIN
    assert deployment["replicas"] > of_kind("PodDisruptionBudget")["spec"]["minAvailable"] >= 1
    assert pod["topologySpreadConstraints"]


def test_service_budget_and_policy_are_about_these_pods() -> None:
    labels = of_kind("Deployment")["spec"]["template"]["metadata"]["labels"].items()
    assert of_kind("Service")["spec"]["selector"].items() <= labels
    assert of_kind("PodDisruptionBudget")["spec"]["selector"]["matchLabels"].items() <= labels
    assert of_kind("NetworkPolicy")["spec"]["podSelector"]["matchLabels"].items() <= labels
    # The migration is no server, and its pod must not be sent requests.
    migrating = of_kind("Job")["spec"]["template"]["metadata"]["labels"].items()
    assert not of_kind("Service")["spec"]["selector"].items() <= migrating
    assert "sessionAffinity" not in of_kind("Service")["spec"]


# --- updates -----------------------------------------------------------------------------------


def test_the_configuration_of_updates_keeps_to_the_schema_and_covers_each_kind() -> None:
    path = ROOT / ".github" / "dependabot.yml"
    done = tried(PROGRAMS / "check-jsonschema", "--builtin-schema", "vendor.dependabot", path)
    assert done.returncode == 0, done.stdout
    updates = yaml.safe_load(path.read_text())["updates"]
    covered = {each["package-ecosystem"]: each["directory"] for each in updates}
    assert set(covered) == {"github-actions", "pip", "npm", "docker"}
    assert (ROOT / covered["npm"].lstrip("/") / "package-lock.json").is_file()
    assert (ROOT / covered["docker"].lstrip("/") / "Containerfile").is_file()
