"""The Dockerfile and the compose files, read as what they are: nothing here needs a container."""

from __future__ import annotations

import re
import shlex
import stat
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.machine import program
from tests.running import Running

from sayso.settings import FLAGS, Settings, flag, variable
from sayso.storage.url import DatabaseUrl

ROOT = Path(__file__).parent.parent
COMPOSE = ROOT / "examples" / "compose"
FILES = sorted(COMPOSE.glob("*.yaml"))

SECRETS = {f"{variable(one.name)}_FILE" for one in fields(Settings) if one.metadata["secret"]}
VARIABLES = {variable(one.name) for one in fields(Settings)} | SECRETS


def stages() -> list[list[tuple[str, str]]]:
    """Of the Dockerfile, each a list of its instructions."""
    found: list[list[tuple[str, str]]] = []
    whole = re.sub(r"\\\n", " ", (ROOT / "Dockerfile").read_text())
    for line in whole.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        instruction, _, words = line.partition(" ")
        if instruction == "FROM":
            found.append([])
        found[-1].append((instruction, words.strip()))
    return found


def told(stage: list[tuple[str, str]], instruction: str) -> list[str]:
    return [words for name, words in stage if name == instruction]


def test_the_dockerfile_is_as_linters_want_it():
    linted = subprocess.run(
        [program("hadolint"), str(ROOT / "Dockerfile")], capture_output=True, text=True, check=False
    )

    assert (0, "") == (linted.returncode, linted.stdout)


def test_the_image_runs_as_a_user_that_is_not_root_and_whose_number_is_known():
    *_, last = stages()
    [user] = told(last, "USER")

    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", user)
    assert last.index(("USER", user)) > max(place for place, (name, _) in enumerate(last) if name in ("RUN", "COPY"))


def test_the_image_holds_what_the_lock_names_by_hash_and_no_installer():
    *before, last = stages()
    installed = [words for stage in before for run in told(stage, "RUN") for words in run.split("&&") if "pip" in words]
    wanted = [words for words in installed if " install " in words]

    assert len(wanted) == 2
    assert "--require-hashes" in wanted[0]
    assert wanted[0].split()[-2:] == ["-r", "requirements.lock"]
    assert {"--no-deps", "--no-build-isolation"} <= set(wanted[1].split())
    assert [] == [run for run in told(last, "RUN") if re.search(r"pip install|apt-get|curl|wget", run)]
    assert any("pip uninstall" in run for run in told(last, "RUN"))


def test_the_image_is_slim_and_of_one_version():
    bases = [told(stage, "FROM")[0].split()[0] for stage in stages()]

    assert 1 == len(set(bases))
    assert re.fullmatch(r"python:3\.\d+-slim-\w+", bases[0])


def test_what_is_copied_is_there_and_the_rest_of_the_repository_stays_out():
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    let_in = {line.removeprefix("!") for line in lines if line.startswith("!")}
    copied = {word for words in told(stages()[0], "COPY") for word in words.split()[:-1]}

    assert "*" in lines
    assert let_in == copied
    assert [] == [name for name in copied if not (ROOT / name).exists()]


def test_every_setting_of_the_image_is_one_and_the_data_lie_where_its_user_may_write():
    *_, last = stages()
    given = dict(word.partition("=")[::2] for words in told(last, "ENV") for word in shlex.split(words))
    ours = {name: value for name, value in given.items() if name.startswith("SAYSO_")}

    assert set() == ours.keys() - VARIABLES
    assert told(last, "VOLUME") == [ours["SAYSO_DATA_DIR"]]
    assert [Settings().port] == [int(port) for port in told(last, "EXPOSE")]
    assert f"--mode=0700 {ours['SAYSO_DATA_DIR']}" in " ".join(told(last, "RUN"))


def test_the_image_s_health_is_the_server_s(server: Running):
    *_, last = stages()
    check = told(last, "HEALTHCHECK")[0].partition("CMD ")[2]
    program, flag_, code = yaml.safe_load(check)
    here = code.replace("http://127.0.0.1:8080", server.url)
    elsewhere = code.replace("127.0.0.1:8080", "127.0.0.1:9")

    assert ["python", "-c"] == [program, flag_]
    assert here != code
    assert 0 == subprocess.run([sys.executable, "-c", here], check=False).returncode
    assert 0 != subprocess.run([sys.executable, "-c", elsewhere], check=False, capture_output=True).returncode


# Compose.


def loaded(path: Path) -> dict[str, Any]:
    return yaml.safe_load(path.read_text())


def test_there_is_a_compose_file_for_each_kind_of_database():
    assert ["citus.yaml", "postgresql.yaml", "sqlite.yaml"] == [path.name for path in FILES]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_sayso_writes_to_its_volumes_alone_and_has_no_powers(path: Path):
    sayso = loaded(path)["services"]["sayso"]

    assert sayso["read_only"] is True
    assert ["ALL"] == sayso["cap_drop"]
    assert ["no-new-privileges:true"] == sayso["security_opt"]
    assert "/tmp" in sayso["tmpfs"]
    assert ["127.0.0.1"] == [port.partition(":")[0] for port in sayso["ports"]]
    assert (path.parent / sayso["build"]).resolve() == ROOT
    assert int(sayso["stop_grace_period"].removesuffix("s")) > Settings().drain_seconds


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_sayso_is_told_nothing_but_settings_and_its_secrets_by_files(path: Path):
    sayso = loaded(path)["services"]["sayso"]
    options = [word for word in sayso.get("command", []) if word.startswith("--")]
    given = sayso["environment"]
    files = {value.removeprefix("/run/secrets/") for name, value in given.items() if name in SECRETS}

    assert set() == given.keys() - VARIABLES
    assert files == set(sayso["secrets"])
    assert set() == set(options) - {flag(name) for name in FLAGS}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_whatever_a_service_names_is_there(path: Path):
    file = loaded(path)
    for name, service in file["services"].items():
        named = {volume.partition(":")[0] for volume in service.get("volumes", [])}
        image = service["image"]
        assert set() == named - file["volumes"].keys(), name
        assert set() == set(service.get("secrets", [])) - file["secrets"].keys(), name
        assert set() == set(service.get("depends_on", {})) - file["services"].keys(), name
        assert image == "sayso" or re.fullmatch(r"[\w/]+:\d[\w.-]+", image), name


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_database_is_waited_for_until_it_takes_connections(path: Path):
    services = loaded(path)["services"]
    for name, service in services.items():
        for other, how in service.get("depends_on", {}).items():
            healthy = how["condition"] == "service_healthy"
            assert ("healthcheck" in services[other]) is healthy, (name, other)
            assert healthy or services[other]["restart"] == "no", (name, other)


def test_the_nodes_of_citus_tell_nobody_about_themselves_and_all_join_the_cluster():
    services = loaded(COMPOSE / "citus.yaml")["services"]
    nodes = {name: one for name, one in services.items() if name not in ("sayso", "cluster")}
    joining = " ".join(services["cluster"]["entrypoint"])

    assert {"coordinator", "worker-1", "worker-2"} == nodes.keys() == services["cluster"]["depends_on"].keys()
    assert all("citus.enable_statistics_collection=off" in node["command"] for node in nodes.values())
    assert [] == [name for name in nodes if f"'{name}', 5432" not in joining]


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    made_secrets(tmp_path)
    return tmp_path / "secrets"


def made_secrets(folder: Path) -> None:
    subprocess.run(["sh", COMPOSE / "secrets.sh", folder], check=True, capture_output=True)


def test_every_secret_that_a_compose_file_names_is_made_and_kept(secrets: Path):
    named = {one["file"].removeprefix("./secrets/") for path in FILES for one in loaded(path)["secrets"].values()} | {
        "citus.env"
    }
    before = {path.name: path.read_text() for path in secrets.iterdir()}
    made_secrets(secrets.parent)

    assert named == before.keys()
    assert before == {path.name: path.read_text() for path in secrets.iterdir()}
    assert 0o700 == stat.S_IMODE(secrets.stat().st_mode)
    assert len(before["token"]) == 48
    assert before["token"] != before["database_password"]


@pytest.mark.parametrize(("engine", "service"), [("postgresql", "database"), ("citus", "coordinator")])
def test_the_url_leads_to_the_database_with_its_password(secrets: Path, engine: str, service: str):
    url = DatabaseUrl((secrets / f"{engine}_url").read_text())
    password = (secrets / "database_password").read_text()

    assert service in loaded(COMPOSE / f"{engine}.yaml")["services"]
    assert url.fault is None
    assert f"postgresql://sayso:{password}@{service}/sayso" == url
    assert password in (secrets / "citus.env").read_text()


def test_no_secret_is_in_the_repository():
    ignored = (ROOT / ".gitignore").read_text().splitlines()

    assert "/examples/compose/secrets/" in ignored
