/* SPDX-License-Identifier: MIT */

/*
 * server/socket.c - opening and binding. Options that only make things better (buffer sizes,
 * path MTU) may fail; those that answers depend on may not.
 */

#include "server/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    /* Room for the queries that arrive while a batch is being answered; the kernel cuts it to
     * net.core.rmem_max. */
    UDP_BUFFER_OCTETS = 4 * 1024 * 1024,
    /* With port 0 the UDP port that the kernel picks may be taken for TCP. */
    PORT_ATTEMPTS = 16,
    PORT_PRIVILEGED_END = 1024,
    DESCRIPTORS_ENOUGH = 262144, /* 250 workers need no more: not counted beyond */
};

void socket_limit_raise(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

/* Counted, because those that were inherited may have any number. */
size_t socket_descriptors_left(void)
{
    struct rlimit limit;
    size_t left = 0;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return 0;
    }
    for (int fd = 0; fd < DESCRIPTORS_ENOUGH && (rlim_t)fd < limit.rlim_cur; fd++) {
        left += fcntl(fd, F_GETFD) == -1 ? 1 : 0;
    }
    return left;
}

socklen_t socket_address_length(const struct sockaddr_storage *address)
{
    return address->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6)
                                          : sizeof(struct sockaddr_in);
}

uint16_t socket_port(const struct sockaddr_storage *address)
{
    return ntohs(address->ss_family == AF_INET6 ? ((const struct sockaddr_in6 *)address)->sin6_port
                                                : ((const struct sockaddr_in *)address)->sin_port);
}

char *socket_address_to_text(const struct sockaddr_storage *address, char *text)
{
    char host[SOCKET_ADDRESS_TEXT - sizeof("[]:65535")] = "?";

    (void)getnameinfo((const struct sockaddr *)address, socket_address_length(address), host,
                      sizeof(host), NULL, 0, NI_NUMERICHOST);
    (void)snprintf(text, SOCKET_ADDRESS_TEXT, address->ss_family == AF_INET6 ? "[%s]:%u" : "%s:%u",
                   host, (unsigned)socket_port(address));
    return text;
}

static bool address_is_wildcard(const struct sockaddr_storage *address)
{
    if (address->ss_family == AF_INET6) {
        return IN6_IS_ADDR_UNSPECIFIED(&((const struct sockaddr_in6 *)address)->sin6_addr);
    }
    return ((const struct sockaddr_in *)address)->sin_addr.s_addr == htonl(INADDR_ANY);
}

static const char *bind_hint(int code, uint16_t port)
{
    if (code == EACCES && port < PORT_PRIVILEGED_END) {
        return ": a port below 1024 needs CAP_NET_BIND_SERVICE";
    }
    if (code == EADDRINUSE) {
        return ": another process listens there";
    }
    if (code == EADDRNOTAVAIL) {
        return ": no interface has this address";
    }
    return "";
}

static bool listen_error(struct error *error, const struct sockaddr_storage *address, int type,
                         int code)
{
    char text[SOCKET_ADDRESS_TEXT];
    char reason[128];

    return error_set(error, "cannot listen on %s (%s): %s%s", socket_address_to_text(address, text),
                     type == SOCK_DGRAM ? "UDP" : "TCP", strerror_r(code, reason, sizeof(reason)),
                     bind_hint(code, socket_port(address)));
}

static bool option_set(int fd, int level, int option, int value)
{
    return setsockopt(fd, level, option, &value, sizeof(value)) == 0;
}

/* Fragment by the interface's MTU only: a forged "packet too big" must not shrink our datagrams
 * (RFC 8900 section 3.7), as NSD and Knot do. */
static void udp_tune(int fd, int family)
{
    (void)option_set(fd, SOL_SOCKET, SO_RCVBUF, UDP_BUFFER_OCTETS);
    (void)option_set(fd, SOL_SOCKET, SO_SNDBUF, UDP_BUFFER_OCTETS);
    if (family == AF_INET6) {
        (void)option_set(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_OMIT);
    } else {
        (void)option_set(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_OMIT);
    }
}

/* Without it a reply leaves from whatever address the route prefers, and the client drops it. */
static bool packet_info_ask(int fd, int family)
{
    return family == AF_INET6 ? option_set(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1)
                              : option_set(fd, IPPROTO_IP, IP_PKTINFO, 1);
}

/* A bound socket, or -1 with errno. */
static int socket_open(const struct sockaddr_storage *address, int type)
{
    int family = address->ss_family;
    int code = 0;
    int fd = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0) {
        return -1;
    }
    if (!option_set(fd, SOL_SOCKET, SO_REUSEPORT, 1) ||
        (type == SOCK_STREAM && !option_set(fd, SOL_SOCKET, SO_REUSEADDR, 1)) ||
        (family == AF_INET6 && !option_set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1)) ||
        (type == SOCK_DGRAM && address_is_wildcard(address) && !packet_info_ask(fd, family))) {
        goto fail;
    }
    if (type == SOCK_DGRAM) {
        udp_tune(fd, family);
    }
    if (bind(fd, (const struct sockaddr *)address, socket_address_length(address)) == 0) {
        return fd;
    }
fail:
    code = errno;
    (void)close(fd);
    errno = code;
    return -1;
}

bool socket_is_free(const struct sockaddr_storage *address, struct error *error)
{
    int fd = socket(address->ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool is_free = false;

    if (fd < 0) {
        return listen_error(error, address, SOCK_DGRAM, errno);
    }
    is_free = (address->ss_family != AF_INET6 || option_set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1)) &&
              bind(fd, (const struct sockaddr *)address, socket_address_length(address)) == 0;
    if (!is_free) {
        (void)listen_error(error, address, SOCK_DGRAM, errno);
    }
    (void)close(fd);
    return is_free;
}

/* Bind UDP, then TCP on the same port. `failed_type` names the one that failed. */
static bool pair_bind(struct socket_pair *pair, const struct sockaddr_storage *address,
                      int *failed_type)
{
    socklen_t length = sizeof(pair->address);
    int code = 0;

    *failed_type = SOCK_DGRAM;
    pair->address = *address;
    pair->tcp_fd = -1;
    pair->udp_fd = socket_open(address, SOCK_DGRAM);
    if (pair->udp_fd < 0) {
        return false;
    }
    if (getsockname(pair->udp_fd, (struct sockaddr *)&pair->address, &length) != 0) {
        goto fail;
    }
    *failed_type = SOCK_STREAM;
    pair->tcp_fd = socket_open(&pair->address, SOCK_STREAM);
    if (pair->tcp_fd >= 0) {
        return true;
    }
fail:
    code = errno;
    socket_pair_close(pair);
    errno = code;
    return false;
}

bool socket_pair_open(struct socket_pair *pair, const struct sockaddr_storage *address,
                      struct error *error)
{
    int attempts = socket_port(address) == 0 ? PORT_ATTEMPTS : 1;
    int failed_type = SOCK_DGRAM;

    memset(pair, 0, sizeof(*pair));
    pair->is_wildcard = address_is_wildcard(address);
    for (int i = 0; i < attempts; i++) {
        if (pair_bind(pair, address, &failed_type)) {
            return true;
        }
        if (errno != EADDRINUSE) {
            break;
        }
    }
    return listen_error(error, address, failed_type, errno);
}

void socket_pair_close(struct socket_pair *pair)
{
    if (pair->udp_fd >= 0) {
        (void)close(pair->udp_fd);
    }
    if (pair->tcp_fd >= 0) {
        (void)close(pair->tcp_fd);
    }
    pair->udp_fd = -1;
    pair->tcp_fd = -1;
}
