/* SPDX-License-Identifier: MIT */

/*
 * discovery/aws/http_host.c - the host of a URL, and addresses that mean this machine.
 */

#include "discovery/aws/http_host.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <strings.h>

enum { HOST_SIZE = 256 }; /* a DNS name's 253 characters and a NUL */

/* Without brackets, zone and the dot at a name's end. A host that is too long is "". */
static void host_read(const char *url, char host[HOST_SIZE])
{
    const char *scheme = strstr(url, "://");
    const char *start = scheme == NULL ? url : scheme + 3;
    size_t length = strcspn(start, "/?#");
    const char *user = memrchr(start, '@', length);

    if (user != NULL) {
        length -= (size_t)(user + 1 - start);
        start = user + 1;
    }
    if (start[0] == '[') {
        start++;
        length = strcspn(start, "]%");
    } else {
        size_t to_port = strcspn(start, ":");

        length = to_port < length ? to_port : length;
        length -= length > 0 && start[length - 1] == '.' ? 1 : 0;
    }
    length = length < HOST_SIZE ? length : 0;
    memcpy(host, start, length);
    host[length] = '\0';
}

static bool ipv4_is_local(const unsigned char octets[4])
{
    return octets[0] == 0 || octets[0] == 127 || (octets[0] == 169 && octets[1] == 254);
}

static bool ipv6_is_local(const struct in6_addr *address)
{
    static const unsigned char of_ec2[] = {0xfd, 0x00, 0x0e, 0xc2};

    if (IN6_IS_ADDR_V4MAPPED(address)) {
        return ipv4_is_local(address->s6_addr + 12);
    }
    return IN6_IS_ADDR_LOOPBACK(address) || IN6_IS_ADDR_UNSPECIFIED(address) ||
           IN6_IS_ADDR_LINKLOCAL(address) || memcmp(address->s6_addr, of_ec2, sizeof(of_ec2)) == 0;
}

static bool name_is_local(const char *name)
{
    static const char local[] = "localhost";
    size_t length = strlen(name);
    size_t local_length = sizeof(local) - 1;

    return length >= local_length && strcasecmp(name + length - local_length, local) == 0 &&
           (length == local_length || name[length - local_length - 1] == '.');
}

bool http_host_is_local(const char *url)
{
    char host[HOST_SIZE];
    struct in_addr ipv4;
    struct in6_addr ipv6;

    host_read(url, host);
    if (inet_pton(AF_INET6, host, &ipv6) == 1) {
        return ipv6_is_local(&ipv6);
    }
    /* Not inet_pton(): curl, too, takes "127.1" and "0x7f000001" for addresses. */
    if (inet_aton(host, &ipv4) != 0) {
        unsigned char octets[4];

        memcpy(octets, &ipv4, sizeof(octets));
        return ipv4_is_local(octets);
    }
    return name_is_local(host);
}
