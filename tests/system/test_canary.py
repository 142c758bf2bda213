# SPDX-License-Identifier: MIT
"""No secret in any output at any log level: acceptance group 33.

Every server of every test is looked through when it ends (support/silence.py). Here are the proofs
that this would find something, and the runs in which a server has most reasons to tell.
"""

import base64
import json
import urllib.parse
import urllib.request

import dns.edns
import dns.message
import dns.query
import pytest

from fakeaws import canary
from system.conftest import configuration
from system.support import silence
from system.support.rollcall import Rollcall, free_port
from system.support.silence import expect_silence
from system.support.waiting import wait_until

pytestmark = pytest.mark.sanitizers

FILE_ZONE = """
zone "sd.example.com" { nameservers = {"ns1.sd.example.com"} }
file "on-prem" { zone = "sd.example.com"  path = "fleet.json" }
"""
SECRET = canary.secret("Planted")

LEAKS = {
    "plain": SECRET,
    "in capitals": SECRET.upper(),
    "escaped for a URL": urllib.parse.quote(SECRET, safe=""),
    "percent-encoded": "".join(f"%{octet:02X}" for octet in SECRET.encode()),
    "hexadecimal": SECRET.encode().hex(),
    "base64": base64.b64encode(SECRET.encode()).decode(),
    "base64, one octet on": base64.b64encode(f":{SECRET}".encode()).decode(),
    "base64, two octets on": base64.b64encode(f"k:{SECRET}".encode()).decode(),
    "base64 of a URL": base64.urlsafe_b64encode(f"user:{SECRET}~~".encode()).decode(),
    "the marker alone": canary.MARKER,
}


@pytest.mark.parametrize("leak", LEAKS.values(), ids=LEAKS.keys())
def test_a_planted_secret_is_found_in_every_encoding(leak):
    with pytest.raises(AssertionError) as caught:
        expect_silence({"the log": f"<6>event=x\n<7>event=header value={leak}\n"}, {})
    assert SECRET not in str(caught.value) and leak not in str(caught.value)


def test_a_secret_of_the_environment_is_found_without_its_marker():
    environment = {"AWS_SESSION_TOKEN": "a token of no form at all"}
    with pytest.raises(AssertionError):
        expect_silence({"the log": "<7>token=a token of no form at all"}, environment)
    expect_silence({"the log": "<7>event=\"a token was read\""}, environment)


def plain_server(tmp_path):
    folder = tmp_path / "server"
    folder.mkdir()
    (folder / "fleet.json").write_text('{"groups": []}')
    return Rollcall(folder, FILE_ZONE)


def test_a_secret_in_the_log_fails_the_end_of_a_server(tmp_path):
    server = plain_server(tmp_path).start()
    with open(server.log_path, "a", encoding="utf-8") as log:
        log.write(f"<7>event=planted value={SECRET}\n")
    with pytest.raises(AssertionError, match="the log"):
        server.stop()


def test_a_secret_on_the_command_line_fails_the_end_of_a_server(tmp_path):
    server = plain_server(tmp_path)
    server.config_path = server.config_path.rename(server.folder / f"{canary.MARKER}.conf")
    server.start()
    with pytest.raises(AssertionError, match="the command line"):
        server.stop()


def test_a_secret_that_is_served_fails_the_end_of_a_server(tmp_path):
    server = plain_server(tmp_path)
    (server.folder / "fleet.json").write_text(json.dumps({"groups": [{"name": "web", "members": [
        {"id": canary.MARKER.lower(), "address": "10.0.0.1", "port": 1, "weight": 1}]}]}))
    server.start()
    wait_until(lambda: server.weights("web"), 30, "the member is served")
    with pytest.raises(AssertionError, match="/v1/status"):
        server.stop()


def test_a_secret_that_a_verb_prints_fails_the_verb(tmp_path):
    server = plain_server(tmp_path)
    with pytest.raises(AssertionError, match="output"):
        server.verb("status", canary.MARKER)


# ---- a server that has reasons to tell ----

def role_credentials(fakeaws):
    """The keys of the instance's role, as rollcall has got them too."""
    def ask(method, path, **headers):
        request = urllib.request.Request(fakeaws.imds_endpoint + path, method=method,
                                         headers=headers)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=60) as answer:
            return answer.read().decode()

    token = ask("PUT", "/latest/api/token", **{"X-aws-ec2-metadata-token-ttl-seconds": "60"})
    role = ask("GET", "/latest/meta-data/iam/security-credentials/rollcall-role",
               **{"X-aws-ec2-metadata-token": token})
    return json.loads(role)


def of_the_role(fakeaws, folder):
    return {"AWS_EC2_METADATA_SERVICE_ENDPOINT": fakeaws.imds_endpoint}


def of_the_environment(fakeaws, folder):
    return {"AWS_ACCESS_KEY_ID": fakeaws.access_key, "AWS_SECRET_ACCESS_KEY": fakeaws.secret_key}


def wrong_in_the_environment(fakeaws, folder):
    return {"AWS_ACCESS_KEY_ID": fakeaws.access_key,
            "AWS_SECRET_ACCESS_KEY": canary.secret("Wrong"),
            "AWS_SESSION_TOKEN": canary.secret("Session")}


def of_a_profile(fakeaws, folder):
    path = folder / "credentials"
    path.write_text(f"[default]\naws_access_key_id = {fakeaws.access_key}\n"
                    f"aws_secret_access_key = {fakeaws.secret_key}\n"
                    f"[other]\naws_secret_access_key = {canary.secret('Profile')}\n")
    return {"AWS_SHARED_CREDENTIALS_FILE": str(path)}


def of_a_broken_profile(fakeaws, folder):
    path = folder / "credentials"
    path.write_text(f"[default]\n{canary.secret('Line')}\n"
                    f"aws_secret_access_key : {canary.secret('Profile')}\n[default\n")
    return {"AWS_SHARED_CREDENTIALS_FILE": str(path)}


def of_a_container_that_is_gone(fakeaws, folder):
    return {"AWS_CONTAINER_CREDENTIALS_FULL_URI": f"http://127.0.0.1:{free_port()}/keys",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN": canary.secret("Container")}


def of_a_container_that_says_no(fakeaws, folder):
    token = folder / "token"
    token.write_text(canary.secret("Container"))
    return {"AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{fakeaws.endpoint}/nothing-here",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(token)}


def of_a_token_that_is_no_header(fakeaws, folder):
    return {"AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{fakeaws.endpoint}/nothing-here",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN": canary.secret("Container") + "\r\nX-More: 1"}


def of_a_container(fakeaws, folder):
    token = canary.secret("Container")
    fakeaws.container(path="/v2/credentials/mine", token=token)
    return {"AWS_CONTAINER_CREDENTIALS_FULL_URI":
            f"{fakeaws.container_endpoint}/v2/credentials/mine",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN": token}


def of_a_web_identity(fakeaws, folder):
    token = folder / "token"
    token.write_text(canary.word("WebIdentity"))
    role = fakeaws.role("rollcall")
    fakeaws.web_identity(token.read_text(), role=role)
    return {"AWS_WEB_IDENTITY_TOKEN_FILE": str(token), "AWS_ROLE_ARN": role,
            "AWS_ROLE_SESSION_NAME": "rollcall"}


def of_a_web_identity_that_is_refused(fakeaws, folder):
    token = folder / "token"
    token.write_text(canary.word("WebIdentity"))
    return {"AWS_WEB_IDENTITY_TOKEN_FILE": str(token),
            "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/rollcall",
            "AWS_ROLE_SESSION_NAME": "rollcall"}


def of_an_assumed_role(fakeaws, folder):
    path = folder / "config"
    path.write_text(f"[default]\nrole_arn = {fakeaws.role('rollcall')}\nsource_profile = user\n"
                    f"[profile user]\naws_access_key_id = {fakeaws.access_key}\n"
                    f"aws_secret_access_key = {fakeaws.secret_key}\n")
    return {"AWS_CONFIG_FILE": str(path)}


# Whether these keys get anywhere; the others fail for ever, and say so.
IDENTITIES = {of_the_role: True, of_the_environment: True, of_a_profile: True,
              of_a_container: True, of_a_web_identity: True, of_an_assumed_role: True,
              wrong_in_the_environment: False, of_a_broken_profile: False,
              of_a_container_that_is_gone: False, of_a_container_that_says_no: False,
              of_a_token_that_is_no_header: False, of_a_web_identity_that_is_refused: False}


def environment_of(fakeaws, identity, folder):
    folder = folder / "identity"
    folder.mkdir()
    return {"AWS_ENDPOINT_URL": fakeaws.endpoint, "HOME": "/nonexistent",
            "AWS_EC2_METADATA_DISABLED": "false" if identity is of_the_role else "true",
            **identity(fakeaws, folder)}


def debug_configuration(**options):
    return 'log-level = "debug"\n' + configuration(poll_s=0.2, **options)


@pytest.mark.parametrize("identity", IDENTITIES, ids=lambda identity: identity.__name__)
def test_no_way_to_credentials_tells_them_at_debug_level(fakeaws, start_rollcall, tmp_path,
                                                         identity):
    """The proof is in the end of the server, see support/silence.py."""
    fakeaws.launch("web", 2)
    server = start_rollcall(debug_configuration(),
                            environment=environment_of(fakeaws, identity, tmp_path))
    if IDENTITIES[identity]:
        wait_until(lambda: len(server.weights("web")) == 2, 30, "the members are served")
    else:
        wait_until(lambda: len(server.log_lines("look failed")) >= 2, 30, "two failures are told")
    for verb in (["status"], ["status", "-o", "json"], ["explain", "web"], ["check"],
                 ["check", "--print-config"], ["maint", "--cluster", "web", "--dry-run"],
                 ["refresh"], ["reload"]):
        server.verb(*verb)
    server.stop()


def told_by_aws(found):
    """How AWS answers to a signature that it does not like: with all that was signed."""
    return ("The Canonical String for this request should have been\n'POST\n/\n\n"
            f"host:ec2.eu-west-1.amazonaws.com\nx-amz-security-token:{found['Token']}\n\n"
            "host;x-amz-security-token\n0123456789abcdef'\n")


def faults(found):
    """What is done to a server that has the keys `found`: (kind of fault, its options)."""
    return [
        ("error", dict(status=401, code="AuthFailure", message="Not you.")),
        ("error", dict(status=403, code="SignatureDoesNotMatch", message=told_by_aws(found))),
        ("error", dict(status=400, code="RequestExpired", message="Request has expired.")),
        ("error", dict(status=400, code="ExpiredToken", message="The token has expired.")),
        ("error", dict(status=503, code="RequestLimitExceeded", message="Too many.")),
        ("error", dict(status=403, code="UnauthorizedOperation", message="You are not.")),
        ("raw", dict(status=200, body="<html/>")),
        ("raw", dict(status=500, body="")),
        ("cut", dict(cut_at=200)),
        ("drop", {}),
        ("repeat-token", {}),
    ]


def test_no_fault_makes_a_server_tell_its_keys_at_debug_level(fakeaws, start_rollcall, tmp_path):
    fakeaws.launch("web", 2)
    server = start_rollcall(debug_configuration(),
                            environment=environment_of(fakeaws, of_the_role, tmp_path))
    wait_until(lambda: len(server.weights("web")) == 2, 30, "the members are served")
    kinds = faults(role_credentials(fakeaws))
    for kind, options in kinds:
        failures = len(server.log_lines("look failed"))
        fakeaws.fault(kind, "DescribeInstances", times=-1, **options)
        told = [options["code"]] if options.get("code") == "SignatureDoesNotMatch" else []
        wait_until(lambda: len(server.log_lines("look failed")) > failures and
                   server.log_lines("look failed", *told), 30, f"{kind} is told")
        server.verb("maint", "--cluster", "web", "--dry-run")
        fakeaws.clear_faults()
        server.verb("refresh")
    assert server.log_lines("SignatureDoesNotMatch")
    server.stop()


@pytest.mark.parametrize("answer", [
    dict(kind="error", status=401, message="Unauthorized"),
    dict(kind="error", status=500, message=""),
    dict(kind="drop"),
    dict(kind="raw", status=200, body="no JSON " + canary.secret("Echo")),
    dict(kind="raw", status=200, body=json.dumps({
        "Code": "Success", "AccessKeyId": 5, "SecretAccessKey": canary.secret("Json"),
        "Token": canary.secret("Json"), "Expiration": canary.secret("Json")})),
    dict(kind="cut", cut_at=-40),
], ids=lambda answer: f"{answer['kind']} {answer.get('status', '')}")
def test_a_broken_metadata_service_makes_nobody_tell(fakeaws, start_rollcall, tmp_path, answer):
    """What it answers in place of credentials is not repeated: it may be half of them."""
    fakeaws.launch("web", 1)
    fakeaws.fault(action="IMDS", times=-1, **answer)
    server = start_rollcall(debug_configuration(),
                            environment=environment_of(fakeaws, of_the_role, tmp_path))
    wait_until(lambda: len(server.log_lines("look failed")) >= 1, 30, "the failure is told")
    fakeaws.clear_faults()
    wait_until(lambda: server.weights("web"), 60, "it recovers")
    server.stop()


def test_the_secret_of_a_transfer_key_is_told_nowhere(tmp_path):
    server = plain_server(tmp_path)
    encoded = base64.b64encode(canary.secret("Tsig").encode()).decode()
    (server.folder / "xfr.key").write_text(encoded)
    server.write_config('log-level = "debug"\n' + FILE_ZONE + '\nsecondary "127.0.0.1:5399" '
                        '{ key = "xfr" }\nkey "xfr" { algorithm = hmac-sha256  '
                        'secret-file = "xfr.key" }\n')
    server.start()
    assert server.verb("check").returncode == 0
    assert "secret-file" in server.verb("check", "--print-config").stdout
    server.stop()


COOKIE_SECRETS = ["5ec3e7c00c1e0123456789abcdef0f0f", "5ec3e7c00c1e0fedcba98765432100f0"]


def expect_no_cookie_secret(said):
    for where, text in said.items():
        for secret in COOKIE_SECRETS:
            octets = bytes.fromhex(secret)
            for form in (secret[:12], base64.b64encode(octets).decode()[:12],
                         octets.decode("latin-1")):
                assert form.lower() not in text.lower(), f"a cookie secret stands in {where}"


@pytest.mark.parametrize("text, is_good", [
    ("{0}\n", True), ("{0}\n{1}\n", True), ("{0}5\n", False), ("{0} {1}\n", False),
    ("{0}\n{1}\n{0}\n", False), ("{0}\r\n", False), ("key={0}\n", False)])
def test_the_secret_of_cookies_is_told_nowhere(tmp_path, text, is_good):
    """Neither when it is used nor when its file is wrong, at the start and at a reload."""
    server = plain_server(tmp_path)
    secret = server.folder / "cookie.secret"
    secret.write_text(COOKIE_SECRETS[0] + "\n")
    secret.chmod(0o600)
    server.write_config('log-level = "debug"\ncookie-secret-file = "cookie.secret"\n' + FILE_ZONE)
    server.start()
    query = dns.message.make_query("sd.example.com", "SOA", use_edns=0,
                                   options=[dns.edns.GenericOption(10, b"12345678")])
    answer = dns.query.udp(query, "127.0.0.1", port=server.port, timeout=60)
    assert any(option.otype == 10 and len(option.data) >= 16 for option in answer.options)
    secret.write_text(text.format(*COOKIE_SECRETS))
    said = {str(verb): "".join((run := server.verb(*verb)).stdout + run.stderr)
            for verb in (["check"], ["check", "--print-config"], ["reload"], ["status"],
                         ["status", "-o", "json"])}
    assert bool(server.log_lines("reload refused")) != is_good
    said |= silence.testimony(server)
    server.stop()
    expect_no_cookie_secret(said | silence.remains(server))
    with pytest.raises(AssertionError):
        expect_no_cookie_secret({"a plant": COOKIE_SECRETS[1].upper()})
