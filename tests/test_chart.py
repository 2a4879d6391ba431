"""The Helm chart, linted and rendered by Helm."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
import yaml
from tests.machine import program
from tests.test_containers import SECRETS, VARIABLES, stages, told

from sayso.settings import Settings

ROOT = Path(__file__).parent.parent
CHART = ROOT / "examples" / "helm" / "sayso"
META = yaml.safe_load((CHART / "Chart.yaml").read_text())
VALUES = yaml.safe_load((CHART / "values.yaml").read_text())


def helm(command: str, chart: Path = CHART, **values: Any) -> str:
    """What Helm says. Raises CalledProcessError where it refuses."""
    words = [program("helm"), *command.split(), str(chart), "--namespace", "consent", "--values", "-"]
    return subprocess.run(words, input=json.dumps(values), capture_output=True, text=True, check=True).stdout


def release(**changes: Any) -> dict[str, Any]:
    """The objects of a release, by kind; `database="secret"` puts it on PostgreSQL."""
    if "database" in changes:
        changes["database"] = {"secret": changes["database"]}
    documents = yaml.safe_load_all(helm("template mail", **changes))
    return {document["kind"]: document for document in documents}


@pytest.fixture(params=["", "mail-database"], ids=["embedded", "postgresql"])
def objects(request: pytest.FixtureRequest) -> dict[str, Any]:
    return release(database=request.param)


def pod(objects: dict[str, Any]) -> dict[str, Any]:
    return objects["Deployment"]["spec"]["template"]["spec"]


def container(objects: dict[str, Any]) -> dict[str, Any]:
    [one] = pod(objects)["containers"]
    return one


def environment(objects: dict[str, Any]) -> dict[str, str]:
    return {one["name"]: one["value"] for one in container(objects)["env"]}


@pytest.mark.parametrize("secret", ["", "mail-database"], ids=["embedded", "postgresql"])
def test_helm_finds_nothing_to_warn_of(secret: str):
    said = helm("lint --strict", database={"secret": secret}, publicUrl="https://say.example")

    assert "1 chart(s) linted, 0 chart(s) failed" in said
    assert "[WARNING]" not in said


def test_an_embedded_database_has_one_process_and_a_volume_that_outlives_the_release():
    objects = release(replicas=5, workers=5)
    spec = objects["Deployment"]["spec"]
    [claim] = [one["persistentVolumeClaim"] for one in pod(objects)["volumes"] if "persistentVolumeClaim" in one]

    assert {"Deployment", "PersistentVolumeClaim", "Service"} == objects.keys()
    assert (1, {"type": "Recreate"}) == (spec["replicas"], spec["strategy"])
    assert objects["PersistentVolumeClaim"]["metadata"]["name"] == claim["claimName"]
    assert "keep" == objects["PersistentVolumeClaim"]["metadata"]["annotations"]["helm.sh/resource-policy"]
    assert "SAYSO_WORKERS" not in environment(objects)


def test_on_postgresql_there_are_several_and_an_upgrade_never_has_fewer():
    objects = release(database="mail-database", replicas=3, workers=2)
    spec = objects["Deployment"]["spec"]

    assert {"Deployment", "PodDisruptionBudget", "Service"} == objects.keys()
    assert 3 == spec["replicas"]
    assert 0 == spec["strategy"]["rollingUpdate"]["maxUnavailable"]
    assert "2" == environment(objects)["SAYSO_WORKERS"]
    assert "/run/secrets/database/url" == environment(objects)["SAYSO_DATABASE_URL_FILE"]


def test_the_pod_is_not_root_writes_to_its_volumes_alone_and_has_no_powers(objects: dict[str, Any]):
    allowed, inner = pod(objects)["securityContext"], container(objects)["securityContext"]
    [user] = told(stages()[-1], "USER")

    assert user == f"{allowed['runAsUser']}:{allowed['runAsGroup']}"
    assert (True, {"type": "RuntimeDefault"}) == (allowed["runAsNonRoot"], allowed["seccompProfile"])
    assert {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    } == inner
    assert pod(objects)["automountServiceAccountToken"] is False


def test_every_mount_has_its_volume_and_every_file_of_a_secret_its_mount(objects: dict[str, Any]):
    volumes = {one["name"]: one for one in pod(objects)["volumes"]}
    mounts = {one["mountPath"]: one["name"] for one in container(objects)["volumeMounts"]}
    files = {name: value for name, value in environment(objects).items() if name in SECRETS}

    assert volumes.keys() == set(mounts.values())
    assert files
    assert all("secret" in volumes[mounts[file.rpartition("/")[0]]] for file in files.values())
    assert {"/tmp", "/data"} <= mounts.keys()


def test_the_pod_is_told_settings_alone_and_only_those_that_were_given(objects: dict[str, Any]):
    told_all = release(
        database="mail-database", publicUrl="https://say.example", trustedProxies="10.0.0.0/8", rateLimit=60
    )

    assert set() == environment(objects).keys() - VARIABLES
    assert {"SAYSO_PUBLIC_URL", "SAYSO_TRUSTED_PROXIES"} & environment(objects).keys() == set()
    assert "https://say.example" == environment(told_all)["SAYSO_PUBLIC_URL"]
    assert "10.0.0.0/8" == environment(told_all)["SAYSO_TRUSTED_PROXIES"]
    assert "60" == environment(told_all)["SAYSO_RATE_LIMIT"]


def test_a_service_that_is_named_as_the_program_does_not_set_its_port(objects: dict[str, Any]):
    """A link to a service `sayso` would be SAYSO_PORT, and no number."""
    assert pod(objects)["enableServiceLinks"] is False


def test_whoever_selects_the_pods_finds_them(objects: dict[str, Any]):
    template = objects["Deployment"]["spec"]["template"]["metadata"]["labels"]
    [port] = objects["Service"]["spec"]["ports"]
    selectors = [objects["Service"]["spec"]["selector"], objects["Deployment"]["spec"]["selector"]["matchLabels"]]
    if "PodDisruptionBudget" in objects:
        selectors.append(objects["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"])

    assert all(selector and selector.items() <= template.items() for selector in selectors)
    assert port["targetPort"] in {one["name"] for one in container(objects)["ports"]}
    assert [Settings().port] == [one["containerPort"] for one in container(objects)["ports"]]


def test_a_pod_is_given_the_time_to_answer_what_it_accepted(objects: dict[str, Any]):
    [_, pause] = container(objects)["lifecycle"]["preStop"]["exec"]["command"]

    assert pod(objects)["terminationGracePeriodSeconds"] > int(pause) + Settings().drain_seconds
    assert "/readyz" == container(objects)["readinessProbe"]["httpGet"]["path"]


def used() -> Iterator[str]:
    for path in CHART.glob("templates/*"):
        yield from re.findall(r"\.Values\.([\w.]+)", path.read_text())


def leaves(values: Mapping[str, Any], path: str = "") -> Iterator[str]:
    for name, value in values.items():
        if isinstance(value, dict):
            yield from leaves(value, f"{path}{name}.")
        else:
            yield f"{path}{name}"


def test_every_value_is_used_and_every_one_that_is_used_has_a_default():
    assert set(leaves(VALUES)) == set(used())


@pytest.mark.parametrize("wrong", [{"replicas": 0}, {"replica": 2}, {"rateLimit": "many"}, {"token": {"secret": ""}}])
def test_a_value_that_is_none_is_refused(wrong: dict[str, Any]):
    with pytest.raises(subprocess.CalledProcessError) as refused:
        release(**wrong)

    assert next(iter(wrong)) in refused.value.stderr


def test_the_chart_is_of_the_version_of_the_program():
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]

    assert (version, version, version) == (META["version"], META["appVersion"], VALUES["image"]["tag"])


def test_the_notes_name_the_service(tmp_path: Path):
    """Helm shows notes after an installation alone, so they are rendered as another object."""
    chart = copytree(CHART, tmp_path / "chart")
    notes = chart / "templates" / "NOTES.txt"
    lines = "".join(f"  {line}\n" for line in notes.read_text().splitlines())
    (chart / "templates" / "notes.yaml").write_text(f"kind: Notes\nnotes: |\n{lines}")

    objects = {one["kind"]: one for one in yaml.safe_load_all(helm("template mail", chart))}

    assert "http://mail.consent:80" in objects["Notes"]["notes"]
