# SPDX-License-Identifier: MIT
"""Every way to credentials, against a fake AWS that gives and checks them (acceptance group 32)."""

import pytest

from system.conftest import aws_environment, configuration
from system.support.waiting import wait_until

LIMIT_S = 30
OTHER = "210987654321"
EXTERNAL_ID = "Partner/7"


def environment(aws, **more):
    """What finds the fake AWS, without keys and with nobody else's shared files."""
    return {"AWS_ENDPOINT_URL": aws.endpoint, "AWS_EC2_METADATA_DISABLED": "true",
            "HOME": "/nonexistent", **more}


def is_served(server, count=1, cluster="web"):
    return wait_until(lambda: len(server.weights(cluster) or {}) == count, LIMIT_S,
                      f"{count} of {cluster} are served")


def names_no_secret(server, *secrets):
    log = server.log()
    return not [each for each in secrets if each in log]


@pytest.mark.sanitizers
def test_a_containers_keys_are_asked_for_with_its_token(fakeaws, start_rollcall, tmp_path):
    token = tmp_path / "token"
    token.write_text("Basic canary-one\n")
    fakeaws.container(path="/v2/credentials/canary-id", token="Basic canary-one", expires_in_s=3600)
    fakeaws.launch("web", 1)
    server = start_rollcall(configuration(), environment=environment(
        fakeaws, AWS_CONTAINER_CREDENTIALS_FULL_URI=f"{fakeaws.container_endpoint}/v2/credentials/"
                                                    "canary-id",
        AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=str(token)))
    is_served(server)
    assert names_no_secret(server, "canary")


def test_a_containers_token_that_changes_is_read_again(fakeaws, start_rollcall, tmp_path):
    token = tmp_path / "token"
    token.write_text("Basic canary-old")
    fakeaws.container(path="/v2/credentials/x", token="Basic canary-new", expires_in_s=3600)
    fakeaws.launch("web", 1)
    server = start_rollcall(configuration(), environment=environment(
        fakeaws, AWS_CONTAINER_CREDENTIALS_FULL_URI=f"{fakeaws.container_endpoint}/v2/credentials/x",
        AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=str(token)))
    wait_until(lambda: server.log_lines("container credentials: HTTP status 401"), LIMIT_S,
               "the refusal is told")
    token.write_text("Basic canary-new")
    is_served(server)
    assert names_no_secret(server, "canary")


def test_a_containers_keys_are_not_asked_for_in_the_clear_elsewhere(fakeaws, start_rollcall):
    server = start_rollcall(configuration(), environment=environment(
        fakeaws, AWS_CONTAINER_CREDENTIALS_FULL_URI="http://192.0.2.1/canary-id",
        AWS_CONTAINER_AUTHORIZATION_TOKEN="canary"))
    wait_until(lambda: server.log_lines("AWS_CONTAINER_CREDENTIALS_FULL_URI: plain http to "
                                        "192.0.2.1"), LIMIT_S, "the rule is told")
    assert names_no_secret(server, "canary")


@pytest.mark.sanitizers
def test_a_web_identity_is_exchanged_and_its_token_file_read_again(fakeaws, start_rollcall,
                                                                   tmp_path):
    token = tmp_path / "token"
    token.write_text("canary-jwt-one")
    arn = fakeaws.role("pod")
    fakeaws.web_identity("canary-jwt-one", expired=True)
    fakeaws.web_identity("canary-jwt-two", role=arn)
    fakeaws.launch("web", 1)
    server = start_rollcall(configuration(), environment=environment(
        fakeaws, AWS_WEB_IDENTITY_TOKEN_FILE=str(token), AWS_ROLE_ARN=arn,
        AWS_ROLE_SESSION_NAME="pod-1"))
    wait_until(lambda: server.log_lines("ExpiredTokenException"), LIMIT_S, "the refusal is told")
    token.write_text("canary-jwt-two\n")
    is_served(server)
    assert names_no_secret(server, "canary")
    asked = [each for each in fakeaws.recent("AssumeRoleWithWebIdentity") if each["status"] == 200]
    assert asked[-1]["params"]["RoleSessionName"] == "pod-1"


@pytest.mark.sanitizers
def test_the_configured_role_reads_another_accounts_fleet(fakeaws, start_rollcall):
    theirs = fakeaws.in_world(fakeaws.region, OTHER)
    arn = theirs.role("reader", external_id=EXTERNAL_ID)
    fakeaws.launch("web", 1)
    theirs.launch("web", 3)
    server = start_rollcall(configuration(
        ec2=f'role-arn = "{arn}"\n    external-id = "{EXTERNAL_ID}"'), fakeaws)
    is_served(server, 3)
    assert fakeaws.count("AssumeRole") == 1
    assert theirs.count("DescribeInstances") > 0
    assert fakeaws.count("DescribeInstances") == 0
    assert fakeaws.recent("AssumeRole")[-1]["params"]["RoleSessionName"].startswith("rollcall-")


def test_a_role_that_is_refused_is_told_by_its_name(fakeaws, start_rollcall):
    theirs = fakeaws.in_world(fakeaws.region, OTHER)
    arn = theirs.role("reader", external_id=EXTERNAL_ID)
    server = start_rollcall(configuration(ec2=f'role-arn = "{arn}"'), fakeaws)
    wait_until(lambda: server.log_lines(f"role-arn: {arn}: sts: HTTP status 403 AccessDenied"),
               LIMIT_S, "the refusal is told")
    assert server.ask("_web._tcp.sd.example.com", "SRV").rcode == "SERVFAIL"
    assert names_no_secret(server, fakeaws.secret_key)


def test_roles_of_two_profiles_are_assumed_one_with_the_other(fakeaws, start_rollcall, tmp_path):
    theirs = fakeaws.in_world(fakeaws.region, OTHER)
    inner = fakeaws.role("inner")
    outer = theirs.role("outer", trusted=[fakeaws.account or "123456789012"])
    (tmp_path / "config").write_text(
        f"[profile inner]\nrole_arn = {inner}\nsource_profile = base\n"
        f"[profile outer]\nrole_arn = {outer}\nsource_profile = inner\nduration_seconds = 900\n")
    (tmp_path / "credentials").write_text(
        f"[base]\naws_access_key_id = {fakeaws.access_key}\n"
        f"aws_secret_access_key = {fakeaws.secret_key}\n")
    theirs.launch("web", 2)
    server = start_rollcall(configuration(), environment=environment(
        fakeaws, AWS_PROFILE="outer", AWS_CONFIG_FILE=str(tmp_path / "config"),
        AWS_SHARED_CREDENTIALS_FILE=str(tmp_path / "credentials")))
    is_served(server, 2)
    theirs.wait_for_requests("DescribeInstances", 6, LIMIT_S)
    assert fakeaws.count("AssumeRole") == 2, "one for each role, although they last 15 minutes only"


def test_keys_that_end_are_renewed_without_a_gap(fakeaws, start_rollcall):
    arn = fakeaws.role("short", lifetime_s=6)
    fakeaws.launch("web", 1)
    server = start_rollcall(configuration(ec2=f'role-arn = "{arn}"'), fakeaws)
    is_served(server)
    wait_until(lambda: fakeaws.count("AssumeRole") >= 4, LIMIT_S, "the role is assumed again")
    assert {each["status"] for each in fakeaws.recent("DescribeInstances")} == {200}


def test_while_sts_is_down_the_table_stays_and_afterwards_goes_on(fakeaws, start_rollcall):
    arn = fakeaws.role("short", lifetime_s=2)
    fakeaws.launch("web", 1)
    server = start_rollcall(configuration(ec2=f'role-arn = "{arn}"'), fakeaws)
    is_served(server)
    fakeaws.fault("error", action="AssumeRole", status=503, code="ServiceUnavailable", times=-1)
    wait_until(lambda: server.log_lines("credentials not renewed"), LIMIT_S, "the trouble is told")
    assert len(server.weights("web")) == 1
    fakeaws.clear_faults()
    fakeaws.launch("web", 1)
    is_served(server, 2)


@pytest.mark.parametrize("skew_s", [7200, -7200])
def test_a_role_is_assumed_although_the_clock_differs(fakeaws, start_rollcall, skew_s):
    arn = fakeaws.role("reader")
    fakeaws.launch("web", 1)
    fakeaws.clock(skew_s)
    server = start_rollcall(configuration(ec2=f'role-arn = "{arn}"'), fakeaws)
    is_served(server)
    fakeaws.wait_for_requests("DescribeInstances", 4, LIMIT_S)
    assert len(server.log_lines("clock differs")) == 1
    assert [each["status"] for each in fakeaws.recent("AssumeRole")].count(200) == 1
    assert not server.log_lines("credentials not renewed")


def test_proxies_of_the_environment_are_ignored(fakeaws, start_rollcall):
    """Nothing goes through a proxy that the environment names."""
    arn = fakeaws.role("reader")
    fakeaws.launch("web", 1)
    proxy = "http://127.0.0.1:1"
    server = start_rollcall(
        configuration(ec2=f'role-arn = "{arn}"'),
        environment={**aws_environment(fakeaws), "http_proxy": proxy, "HTTP_PROXY": proxy,
                     "https_proxy": proxy, "ALL_PROXY": proxy, "all_proxy": proxy})
    is_served(server)
