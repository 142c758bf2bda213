# SPDX-License-Identifier: MIT
"""Where services answer, by us and by botocore's endpoint rules. Acceptance group 32."""

import itertools
import subprocess

from botocore.endpoint_provider import EndpointProvider
from botocore.exceptions import EndpointProviderError
from botocore.loaders import Loader

from system.support.rollcall import BUILD

FINDER = BUILD / "tests" / "unit-discovery-aws-endpoint"

SERVICES = ["ec2", "autoscaling", "sqs", "sts"]
# A botocore takes a region that its data does not know for one of the "aws" partition.
REGIONS = {
    "aws": ["eu-west-1", "us-east-1", "ap-southeast-3", "me-central-1"],
    "aws-cn": ["cn-north-1", "cn-northwest-1"],
    "aws-us-gov": ["us-gov-east-1", "us-gov-west-1"],
    "aws-eusc": ["eusc-de-east-1"],
    "aws-iso": ["us-iso-east-1", "us-iso-west-1"],
    "aws-iso-b": ["us-isob-east-1"],
    "aws-iso-e": ["eu-isoe-west-1"],
    "aws-iso-f": ["us-isof-south-1"],
}


def test_hosts_are_those_of_botocore():
    loader = Loader()
    partitions = loader.load_data("partitions")
    known = {row["id"]: row for row in partitions["partitions"]}
    rules = {service: EndpointProvider(
        loader.load_service_model(service, "endpoint-rule-set-1"), partitions)
        for service in SERVICES}
    asked, expected, unknown = [], [], set()
    for partition, service, fips, dualstack in itertools.product(
            REGIONS, SERVICES, (False, True), (False, True)):
        row = known.get(partition)
        # Younger than this botocore's data: eusc, iso-e and iso-f as partitions, their regions,
        # and dual-stack hosts of the isolated partitions, which it refuses.
        if row is None or not row["regions"] or (dualstack and not
                                                 row["outputs"]["supportsDualStack"]):
            unknown.add((partition, dualstack))
            continue
        for region in REGIONS[partition]:
            settings = {"Region": region, "UseFIPS": fips, "UseDualStack": dualstack}
            if service == "sts":
                settings["UseGlobalEndpoint"] = False
            asked.append(f"{service} {region} {fips:d} {dualstack:d}")
            try:
                url = rules[service].resolve_endpoint(**settings).url
            except EndpointProviderError as error:
                url = f"https://{error}"
            expected.append(url.removeprefix("https://"))

    got = subprocess.run([FINDER, "--hosts"], input="\n".join(asked), capture_output=True,
                         text=True, timeout=60, check=True).stdout.splitlines()

    assert len(got) == len(asked) >= 4 * 4 * 8
    assert not [row for row in zip(asked, got, expected) if row[1] != row[2]]
    assert not [partition for partition, dualstack in unknown
                if partition in ("aws", "aws-cn", "aws-us-gov")]
