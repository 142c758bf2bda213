# SPDX-License-Identifier: MIT
"""How rollcall gets at AWS: identity and region, a wrong clock, TLS."""

import http.server
import os
import re
import ssl
import subprocess
import threading

import pytest

from system.conftest import aws_environment, configuration
from system.support.waiting import wait_until

LIMIT_S = 30


def own_region(**options):
    """The usual configuration, but with the region left to the environment."""
    return configuration(**options).replace('"eu-west-1"', '"self"')


def is_served(server, cluster="web"):
    return wait_until(lambda: server.weights(cluster), LIMIT_S, f"{cluster} is served")


def test_role_and_region_come_from_the_instance(fakeaws, start_rollcall):
    """Acceptance group 2, with a session token: the fake AWS takes no signature on trust."""
    fakeaws.launch("web", 2)
    server = start_rollcall(own_region(), environment={
        "AWS_ENDPOINT_URL": fakeaws.endpoint, "HOME": "/nonexistent",
        "AWS_EC2_METADATA_SERVICE_ENDPOINT": fakeaws.imds_endpoint})
    assert len(is_served(server)) == 2
    assert "secret" not in server.log().lower().replace("secret access key", "")


def test_the_profile_of_the_shared_files_is_used(fakeaws, start_rollcall, tmp_path):
    (tmp_path / "config").write_text(
        f"# ours\n[profile web]\nregion = {fakeaws.region}\ns3 =\n  addressing_style = path\n")
    (tmp_path / "credentials").write_text(
        f"[default]\naws_access_key_id = WRONG\naws_secret_access_key = WRONG\n"
        f"[web]\naws_access_key_id = {fakeaws.access_key}\n"
        f"aws_secret_access_key = {fakeaws.secret_key}\n")
    fakeaws.launch("web", 1)
    server = start_rollcall(own_region(), environment={
        "AWS_ENDPOINT_URL": fakeaws.endpoint, "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_PROFILE": "web", "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials")})
    assert len(is_served(server)) == 1


@pytest.mark.parametrize("skew_s", [1200, -1200, 86400 * 400])
def test_a_clock_that_differs_from_that_of_aws_is_corrected(fakeaws, start_rollcall, skew_s):
    """Acceptance group 12."""
    fakeaws.launch("web", 1)
    fakeaws.clock(skew_s)
    server = start_rollcall(configuration(), fakeaws)
    is_served(server)
    told = re.search(r"clock differs from that of AWS\".* seconds=(-?\d+)", server.log())
    assert abs(int(told[1]) + skew_s) <= 60, "but for what the answer took"
    fakeaws.wait_for_requests("DescribeInstances", 3, 30)
    assert len(server.log_lines("clock differs")) == 1


def test_without_credentials_the_log_says_what_was_tried(fakeaws, start_rollcall):
    server = start_rollcall(configuration(), environment={
        "AWS_ENDPOINT_URL": fakeaws.endpoint, "AWS_EC2_METADATA_DISABLED": "true",
        "HOME": "/nonexistent"})
    wait_until(lambda: server.log_lines("no credentials in environment or shared files"), LIMIT_S,
               "the missing credentials are told")
    assert server.ask("_web._tcp.sd.example.com", "SRV").rcode == "SERVFAIL"


def test_a_wrong_secret_is_told_and_not_shown(fakeaws, start_rollcall):
    environment = dict(aws_environment(fakeaws), AWS_SECRET_ACCESS_KEY="canary-of-the-secret")
    server = start_rollcall(configuration(), environment=environment)
    wait_until(lambda: server.log_lines("AuthFailure"), LIMIT_S, "the refusal is told")
    assert "canary" not in server.log()


# ---- TLS ----

REPLY = b"""<?xml version="1.0" encoding="UTF-8"?>
<DescribeInstancesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">
<requestId>1</requestId><reservationSet><item><instancesSet><item>
<instanceId>i-0123456789abcdef0</instanceId><instanceState><code>16</code><name>running</name>
</instanceState><privateIpAddress>10.0.1.5</privateIpAddress><tagSet>
<item><key>aws:autoscaling:groupName</key><value>web</value></item>
<item><key>srv_weight</key><value>65535</value></item></tagSet>
</item></instancesSet></item></reservationSet></DescribeInstancesResponse>"""


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", str(len(REPLY)))
        self.end_headers()
        self.wfile.write(REPLY)

    def log_message(self, *_):
        pass


@pytest.fixture
def tls_endpoint(tmp_path):
    """A function: the URL of an HTTPS EC2 whose certificate is for `name`, and that certificate."""
    servers = []

    def start(name):
        key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
             "-nodes", "-keyout", key, "-out", certificate, "-days", "2", "-subj", "/CN=test",
             "-addext", f"subjectAltName={name}"], check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.socket = context.wrap_socket(server.socket, server_side=True,
                                            do_handshake_on_connect=False)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"https://127.0.0.1:{server.server_port}", certificate

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("name, bundle, good", [
    ("IP:127.0.0.1", "its own", True),
    ("IP:127.0.0.1", None, False),
    ("IP:127.0.0.1", os.devnull, False),
    ("IP:127.0.0.1", "/nonexistent/bundle.pem", False),
    ("IP:127.0.0.2,DNS:ec2.eu-west-1.amazonaws.com", "its own", False),
])
def test_only_a_trusted_certificate_for_the_host_is_taken(tls_endpoint, start_rollcall, name,
                                                          bundle, good):
    """Acceptance group 14, TLS."""
    url, certificate = tls_endpoint(name)
    environment = {"AWS_ENDPOINT_URL_EC2": url, "AWS_ACCESS_KEY_ID": "A",
                   "AWS_SECRET_ACCESS_KEY": "S"}
    if bundle:
        environment["AWS_CA_BUNDLE"] = str(certificate) if bundle == "its own" else bundle
    server = start_rollcall(configuration(), environment=environment)
    if good:
        assert is_served(server)
        return
    wait_until(lambda: server.log_lines(url, "SSL") or server.log_lines(url, "certificate"),
               LIMIT_S, "the certificate is refused")
    assert server.ask("_web._tcp.sd.example.com", "SRV").rcode == "SERVFAIL"
