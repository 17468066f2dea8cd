"""The files in deploy/, as they are but for names, ports and places: a real nginx before the real server."""

import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPMessage, HTTPSConnection
from pathlib import Path

import pytest
from clinics import installed
from serving import Server, free_port, serving

DEPLOY = Path(__file__).parents[2] / "deploy"
NGINX = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
needs_nginx = pytest.mark.skipif(
    not (NGINX and shutil.which("openssl")) and "DAYZERO_CI" not in os.environ,
    reason="needs nginx and openssl: apt install nginx-light openssl",
)
NAME = "clinic.example.org"
AROUND = """pid {folder}/pid; error_log {folder}/main.log; daemon off; {user}
events {{ worker_connections 512; }}
http {{
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  include {folder}/site.conf;
}}
"""
SECRET = "dz_" + "s" * 43


def environment() -> dict[str, str]:
    """Return what deploy/dayzero.env says."""
    lines = (DEPLOY / "dayzero.env").read_text("utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


@dataclass(frozen=True, kw_only=True)
class Site:
    """nginx with the server behind it."""

    server: Server
    plain: int
    secure: int
    folder: Path

    def ask(self, path: str, *, secure: bool = True, **headers: str) -> tuple[int, HTTPMessage, str]:
        context = ssl.create_default_context(cafile=str(self.folder / "cert.pem"))
        context.check_hostname = False
        made = (
            HTTPSConnection("127.0.0.1", self.secure, timeout=30, context=context)
            if secure
            else HTTPConnection("127.0.0.1", self.plain, timeout=30)
        )
        with closing(made) as connection:
            connection.request("GET", path, headers={"Host": NAME} | headers)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read().decode()


def write_conf(folder: Path, *, plain: int, secure: int, behind: int) -> Path:
    """Write deploy/nginx.conf with the ports and places of a test; every exchange must find something."""
    text = (DEPLOY / "nginx.conf").read_text("utf-8")
    for old, new in (
        (r"listen 80;", f"listen 127.0.0.1:{plain};"),
        (r"listen 443 ssl http2;", f"listen 127.0.0.1:{secure} ssl http2;"),
        (r"listen \[::\]:(80|443)[^;]*;", ""),
        (r"/etc/letsencrypt/live/clinic\.example\.org/fullchain\.pem", f"{folder}/cert.pem"),
        (r"/etc/letsencrypt/live/clinic\.example\.org/privkey\.pem", f"{folder}/key.pem"),
        (r"/var/log/nginx/", f"{folder}/"),
        (r"127\.0\.0\.1:8000", f"127.0.0.1:{behind}"),
    ):
        text, found = re.subn(old, new, text)
        assert found, old
    (folder / "site.conf").write_text(text, "utf-8")
    conf = folder / "nginx.conf"
    conf.write_text(AROUND.format(folder=folder, user="user root;" if os.geteuid() == 0 else ""), "utf-8")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
         "-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}",
         "-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")],
        check=True, capture_output=True,
    )  # fmt: skip
    return conf


@contextmanager
def nginx(conf: Path, port: int) -> Iterator[None]:
    assert NGINX
    with subprocess.Popen([NGINX, "-p", str(conf.parent), "-c", str(conf)], stderr=subprocess.PIPE) as process:
        try:
            for _ in range(200):
                assert process.poll() is None, process.stderr and process.stderr.read()
                with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                    break
                time.sleep(0.05)
            yield
        finally:
            process.terminate()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("deployed")
    env = environment() | {"DAYZERO_DB": str(folder / "clinic.sqlite3"), "DAYZERO_SECRET_FILE": str(folder / "secret")}
    del env["DAYZERO_BIND"]
    plain, secure = free_port(), free_port()
    with serving(folder, env=env) as server:
        conf = write_conf(folder, plain=plain, secure=secure, behind=server.port)
        with nginx(conf, secure):
            yield Site(server=server, plain=plain, secure=secure, folder=folder)


@needs_nginx
def test_nginx_finds_nothing_wrong(site: Site) -> None:
    assert NGINX
    done = subprocess.run(
        [NGINX, "-t", "-p", str(site.folder), "-c", str(site.folder / "nginx.conf")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    assert "warn" not in done.stderr


@needs_nginx
def test_plain_http_leads_to_https(site: Site) -> None:
    status, headers, _ = site.ask("/sign-in?lang=es", secure=False)

    assert (status, headers["Location"]) == (308, f"https://{NAME}/sign-in?lang=es")


@needs_nginx
def test_page_comes_over_https_with_all_that_keeps_it_there(site: Site) -> None:
    status, headers, page = site.ask("/sign-in")

    assert (status, "Sign in" in page) == (200, True)
    assert headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains; preload"
    assert {"Secure", "HttpOnly", "SameSite=Strict"} <= set(headers["Set-Cookie"].replace(" ", "").split(";"))
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert (headers["Server"], headers["Cache-Control"]) == ("nginx", "no-store")
    assert site.server.invitation_link.startswith(f"https://{NAME}/welcome/")


@needs_nginx
@pytest.mark.parametrize("header", ["X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host"])
def test_what_a_client_says_of_itself_is_overwritten(header: str, site: Site) -> None:
    status, _, page = site.ask("/sign-in", secure=True, **{header: "evil.example"})

    assert (status, "evil.example" in page) == (200, False)


@needs_nginx
def test_other_names_are_nobodys(site: Site) -> None:
    assert site.ask("/sign-in", Host="evil.example")[0] == 400


@needs_nginx
def test_logs_hold_no_secret_even_when_the_server_is_away(site: Site) -> None:
    for path in (f"/f/{SECRET}.ics", f"/s/{SECRET}", f"/welcome/{SECRET}", f"/nowhere?a={SECRET}"):
        assert site.ask(path)[0] == 404
        site.ask(path, secure=False)
    conf = site.folder / "away"
    conf.mkdir()
    plain, secure = free_port(), free_port()
    with nginx(write_conf(conf, plain=plain, secure=secure, behind=free_port()), secure):
        away = Site(server=site.server, plain=plain, secure=secure, folder=conf)
        assert away.ask(f"/f/{SECRET}.ics")[0] == 502

    logs = [site.folder / "dayzero.log", site.folder / "dayzero-errors.log", site.folder / "main.log", site.server.log]
    logs += [conf / "dayzero.log", conf / "dayzero-errors.log", conf / "main.log"]
    said = "".join(one.read_text("utf-8") for one in logs)
    assert " GET /f 404 " in said
    assert " GET /f 502 " in said
    assert "s" * 20 not in said


def test_deployment_check_is_clean_and_would_tell(tmp_path: Path) -> None:
    env = environment() | {"DAYZERO_DB": str(tmp_path / "clinic.sqlite3")}
    done = installed("serve", "--check", cwd=tmp_path, env=env)
    bare = installed("serve", "--check", cwd=tmp_path, env=env | {"DAYZERO_BASE_URL": "http://clinic.example.org"})

    assert (done.code, done.out) == (0, "good: the deployment check finds nothing\n")
    assert (bare.code, "security.W012" in bare.out) == (1, True)
    assert list(tmp_path.iterdir()) == []


def test_every_word_of_the_environment_is_one_that_the_server_reads() -> None:
    from clinic.memory.settings import VARIABLE  # noqa: PLC0415
    from clinic.server import settings  # noqa: PLC0415 - the test's own folder is no part of the server

    known = {settings.BASE_URL, settings.HOSTS, settings.PROXY, settings.SECRET_FILE, settings.WORKERS, settings.BIND}
    assert set(environment()) <= known | {VARIABLE}
    assert settings.read_web(environment()).is_secure


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd-analyze: apt install systemd")
def test_systemd_understands_the_units(tmp_path: Path) -> None:
    for unit in DEPLOY.glob("dayzero*.*"):
        text = unit.read_text("utf-8").replace("/opt/dayzero/bin/dayzero", "/bin/true")
        (tmp_path / unit.name).write_text(text, "utf-8")
    units = [str(one) for one in sorted(tmp_path.glob("*.service")) + sorted(tmp_path.glob("*.timer"))]

    done = subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, text=True, check=False)

    ours = [line for line in done.stderr.splitlines() if "dayzero" in line]
    assert len(units) == 3
    assert (done.returncode, ours) == (0, [])


def test_nightly_commands_do_what_they_say(tmp_path: Path) -> None:
    from clinics import INIT  # noqa: PLC0415

    env = {"DAYZERO_DB": str(tmp_path / "clinic.sqlite3")}
    assert installed(*INIT.split(), cwd=tmp_path, env=env).code == 0
    (tmp_path / "backups").mkdir()
    program = shutil.which("dayzero", path=str(Path(sys.executable).parent))
    assert program
    text = (DEPLOY / "dayzero-backup.service").read_text("utf-8").replace("/opt/dayzero/bin/dayzero", program)
    lines = [one.removeprefix("ExecStart=") for one in text.splitlines() if one.startswith("ExecStart=")]
    for line in lines:
        command = line.replace("$$", "$").replace("%%", "%")
        ran = subprocess.run(command, shell=True, cwd=tmp_path, env=os.environ | env, capture_output=True, check=False)  # noqa: S602 - our own file
        assert ran.returncode == 0, ran.stderr

    (copy,) = tmp_path.glob("backups/clinic-*")
    assert len(lines) == 2
    assert (tmp_path / "backups" / "checkpoints.jsonl").stat().st_size > 0
    for drill in (
        f"clinic restore {copy} --db new.sqlite3",
        "audit verify --db new.sqlite3 --checkpoint backups/checkpoints.jsonl",
    ):
        done = installed(*drill.split(), cwd=tmp_path)
        assert done.code == 0, done.err
