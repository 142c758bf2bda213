# SPDX-License-Identifier: MIT
"""STS, version 2011-06-15: who somebody is, and keys for being somebody else for a while."""

import re

from . import autoscaling_xml as xml
from .autoscaling_arguments import strict, whole_number
from .credentials import role_id
from .errors import AwsError
from .refusals import signature_errors
from .service import Action, Service, required
from .sts_model import ARN, DURATION_DEFAULT_S
from .xmlout import element, timestamp

NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/"
DURATION_S = (900, 43200)
CHAINED_MAX_S = 3600
EXTERNAL_ID = re.compile(r"[\w+=,.@:/-]{2,1224}", re.ASCII)
SESSION_NAME = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)
WEB_TOKEN_CHARACTERS = (4, 20_000)


def answer(call, result):
    return xml.answer(call, result, NAMESPACE)


def render_error(error, request_id):
    return xml.render_error(error, request_id, NAMESPACE)


def invalid(message):
    return AwsError("ValidationError", message)


def constrained(value, name, pattern):
    if not pattern.fullmatch(value):
        raise invalid(f"1 validation error detected: Value '{value}' at '{name}' failed to satisfy "
                      f"constraint: Member must satisfy regular expression pattern: "
                      f"{pattern.pattern}")
    return value


def get_caller_identity(call):
    who = call.credential
    return answer(call, element("Arn", who.arn) + element("UserId", who.user_id)
                  + element("Account", who.account))


def duration(call, role):
    asked = whole_number(call.arguments, "DurationSeconds", *DURATION_S)
    if asked is None:
        return DURATION_DEFAULT_S
    if call.credential and call.credential.is_of_role and asked > CHAINED_MAX_S:
        raise invalid("The requested DurationSeconds exceeds the 1 hour session limit for roles "
                      "assumed by role chaining.")
    if role and asked > role.max_duration_s:
        raise invalid("The requested DurationSeconds exceeds the MaxSessionDuration set for this "
                      "role.")
    return asked


def role_of(call):
    """(its ARN, the role or None when there is none by this name)"""
    arn = constrained(required(call.arguments, "RoleArn"), "roleArn", ARN)
    return arn, call.world.cloud.roles.find(arn)


def session_keys(call, role, session, seconds):
    """The elements that tell of a new session, which is known to all regions at once."""
    cloud = call.world.cloud
    expires_s = cloud.clock.now_s() + (seconds if role.lifetime_s is None else role.lifetime_s)
    cloud.credentials.add_account(role.account)
    issued = cloud.credentials.issue(expires_s, role.account, role.name, session)
    keys = "".join([element("AccessKeyId", issued.access_key),
                    element("SecretAccessKey", issued.secret_key),
                    element("SessionToken", issued.session_token),
                    element("Expiration", timestamp(expires_s).replace(".000Z", "Z"))])
    user = (element("AssumedRoleId", f"{role_id(role.account, role.name)}:{session}")
            + element("Arn", issued.arn))
    return f"<AssumedRoleUser>{user}</AssumedRoleUser><Credentials>{keys}</Credentials>"


def assume_role(call):
    arn, role = role_of(call)
    session = constrained(required(call.arguments, "RoleSessionName"), "roleSessionName",
                          SESSION_NAME)
    external_id = call.arguments.get("ExternalId")
    if external_id is not None:
        constrained(external_id, "externalId", EXTERNAL_ID)
    seconds = duration(call, role)
    refused = (role is None or role.external_id not in (None, external_id)
               or (role.trusted is not None and call.credential.account not in role.trusted))
    if refused:
        raise AwsError("AccessDenied", f"User: {call.credential.arn} is not authorized to perform: "
                                       f"sts:AssumeRole on resource: {arn}", 403)
    return answer(call, session_keys(call, role, session, seconds))


def assume_role_with_web_identity(call):
    _, role = role_of(call)
    session = constrained(required(call.arguments, "RoleSessionName"), "roleSessionName",
                          SESSION_NAME)
    token = required(call.arguments, "WebIdentityToken")
    if not WEB_TOKEN_CHARACTERS[0] <= len(token) <= WEB_TOKEN_CHARACTERS[1]:
        raise invalid("1 validation error detected: Value at 'webIdentityToken' failed to satisfy "
                      "constraint: Member must have length from 4 to 20000")
    seconds = duration(call, role)
    identity = call.world.cloud.roles.find_identity(token)
    if identity is None:
        raise AwsError("InvalidIdentityToken",
                       "The web identity token that was passed could not be validated")
    if identity.expired:
        raise AwsError("ExpiredTokenException", "Token expired: the current date/time must be "
                                                "before the expiration date/time")
    if role is None or identity.role not in (None, role.arn):
        raise AwsError("AccessDenied",
                       "Not authorized to perform sts:AssumeRoleWithWebIdentity", 403)
    return answer(call, element("SubjectFromWebIdentityToken", identity.subject)
                  + element("Audience", "sts.amazonaws.com")
                  + element("Provider", "arn:aws:iam::oidc-provider/fake")
                  + session_keys(call, role, session, seconds))


def action(run, parameters, signed=True):
    return Action(strict(run), frozenset(parameters.split()), signed=signed)


SERVICE = Service(
    name="sts",
    version="2011-06-15",
    content_type="text/xml",
    render_error=render_error,
    actions={
        "GetCallerIdentity": action(get_caller_identity, ""),
        "AssumeRole": action(
            assume_role, "RoleArn RoleSessionName DurationSeconds ExternalId Policy PolicyArns "
            "Tags TransitiveTagKeys SerialNumber TokenCode SourceIdentity ProvidedContexts"),
        "AssumeRoleWithWebIdentity": action(
            assume_role_with_web_identity, "RoleArn RoleSessionName DurationSeconds "
            "WebIdentityToken ProviderId Policy PolicyArns", signed=False),
    },
    signature_errors=signature_errors("sts"))
