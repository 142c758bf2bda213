# SPDX-License-Identifier: MIT
"""XML as EC2 writes it. Element names and nesting are those of botocore's service model."""

import ipaddress
import re
import time

from .fleet import STATE_CODES, RawXml

DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
# XML 1.0 has no way at all to carry these, not even as references.
UNSAYABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
SPECIAL = re.compile("[&<>\"'\t\n\r]")


def escape(text):
    """References for markup and for white space that a parser would change; U+FFFD for what
    XML cannot carry. RawXml passes as it is."""
    if isinstance(text, RawXml):
        return text.raw_xml
    sayable = UNSAYABLE.sub("\ufffd", str(text))
    return SPECIAL.sub(lambda match: f"&#{ord(match[0])};" if match[0] in "\t\n\r\"'"
                       else {"&": "&amp;", "<": "&lt;", ">": "&gt;"}[match[0]], sayable)


def element(name, value):
    """<name>value</name>, or <name/>; nothing at all for None."""
    if value is None:
        return ""
    text = escape(value)
    return f"<{name}>{text}</{name}>" if text else f"<{name}/>"


def items(name, rendered):
    """A list of already rendered items."""
    inner = "".join(f"<item>{each}</item>" for each in rendered)
    return f"<{name}>{inner}</{name}>" if inner else f"<{name}/>"


def timestamp(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(seconds))


def state(name, instance, code=None):
    number = STATE_CODES.get(str(instance), 255) if code is None else code
    return f"<{name}><code>{number}</code>{element('name', instance)}</{name}>"


def dns_name(address, region):
    """The private DNS name that belongs to an IPv4 address; empty for anything else."""
    try:
        dashed = str(ipaddress.IPv4Address(str(address))).replace(".", "-")
    except ValueError:
        return ""
    return f"ip-{dashed}.{region}.compute.internal"


def tag_set(tags):
    return items("tagSet", [element("key", key) + element("value", value)
                            for key, value in tags.items()])


def network_interface(each, index, address, region):
    """One ENI: the first has the instance's own address and its secondary and IPv6 ones."""
    first = index == 0
    owner = f"eni-{each.id[2:-1]}{index:x}"
    addresses = [] if address is None else [(address, True)]
    addresses += [(other, False) for other in each.secondary_addresses] if first else []
    ipv6 = each.ipv6_addresses if first else []
    return "".join([
        element("networkInterfaceId", owner), element("subnetId", each.subnet),
        element("vpcId", each.vpc), "<status>in-use</status>",
        element("privateIpAddress", address),
        "<sourceDestCheck>true</sourceDestCheck>",
        f"<attachment><attachmentId>eni-attach-{each.id[2:-1]}{index:x}</attachmentId>"
        f"<deviceIndex>{index}</deviceIndex><status>attached</status>"
        f"<attachTime>{timestamp(each.launched_s)}</attachTime>"
        "<deleteOnTermination>true</deleteOnTermination>"
        "<networkCardIndex>0</networkCardIndex></attachment>",
        items("privateIpAddressesSet", [
            element("privateIpAddress", one) + element("privateDnsName", dns_name(one, region))
            + element("primary", str(primary).lower()) for one, primary in addresses]),
        items("ipv6AddressesSet", [element("ipv6Address", one) for one in ipv6]),
        "<interfaceType>interface</interfaceType>"])


def network_interfaces(each, region):
    if each.subnet is None:
        return items("networkInterfaceSet", [])
    addresses = [each.private_address, *each.extra_interfaces]
    return items("networkInterfaceSet", [network_interface(each, index, address, region)
                                         for index, address in enumerate(addresses)])


STATE_REASONS = {
    "shutting-down": "Client.UserInitiatedShutdown", "terminated": "Client.UserInitiatedShutdown",
    "stopping": "Client.UserInitiatedShutdown", "stopped": "Client.UserInitiatedShutdown",
    "pending": "pending"}


def state_reason(each):
    code = STATE_REASONS.get(str(each.state))
    if code is None:
        return ""
    message = code if code == "pending" else f"{code}: User initiated shutdown"
    return f"<stateReason><code>{code}</code><message>{message}</message></stateReason>"


def instance(each, region):
    """The items of one instance in an instancesSet; kept until the instance changes."""
    if each.rendered is None:
        inner = "".join([
            element("instanceId", each.id), element("imageId", each.image),
            state("instanceState", each.state, each.state_code),
            element("privateDnsName", dns_name(each.private_address, region)),
            "<dnsName/>", "<reason/>", "<amiLaunchIndex>0</amiLaunchIndex>", "<productCodes/>",
            element("instanceType", each.type),
            element("launchTime", timestamp(each.launched_s)),
            f"<placement>{element('availabilityZone', each.az)}<groupName/>"
            "<tenancy>default</tenancy></placement>",
            "<monitoring><state>disabled</state></monitoring>",
            element("subnetId", each.subnet), element("vpcId", each.vpc),
            element("privateIpAddress", each.private_address),
            "<sourceDestCheck>true</sourceDestCheck>", "<groupSet/>", state_reason(each),
            "<architecture>x86_64</architecture><rootDeviceType>ebs</rootDeviceType>"
            "<rootDeviceName>/dev/xvda</rootDeviceName><blockDeviceMapping/>"
            "<virtualizationType>hvm</virtualizationType>",
            element("clientToken", each.client_token),
            tag_set(each.tags) if each.tags else "",
            "<hypervisor>xen</hypervisor>", network_interfaces(each, region),
            "<ebsOptimized>false</ebsOptimized><enaSupport>true</enaSupport>",
            element("ipv6Address", each.ipv6_addresses[0]) if each.ipv6_addresses else "",
            each.raw_xml])
        each.rendered = f"<item>{inner}</item>" * (1 + each.duplicates)
    return each.rendered


def reservation(reservation_id, account, instances):
    """`instances` are rendered already."""
    return (f"<item><reservationId>{reservation_id}</reservationId>"
            f"<ownerId>{account}</ownerId><groupSet/>"
            f"<instancesSet>{''.join(instances)}</instancesSet></item>")
