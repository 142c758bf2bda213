/* SPDX-License-Identifier: MIT */

/*
 * server/tcp.c - the TCP listeners: accepting, the turns between them and UDP, and the end.
 *
 * accept(2) is called here and not by libuv, which takes connections until there are none, however
 * long that lasts, and without descriptors closes all that wait or is called again and again.
 */

#include "server/tcp.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#include "server/tcp_connections.h"
#include "zones/arena.h"

struct tcp_listener {
    uv_poll_t poll;
    int fd;
    struct tcp_server *server;
    struct tcp_listener *next;
};

struct tcp_server {
    struct tcp_connections connections;
    struct tcp_listener *listeners;
    uv_timer_t sweep;
    uv_timer_t pause;  /* runs while nothing is accepted */
    uv_prepare_t turn; /* before each wait for events */
    uv_idle_t hurry;   /* runs while somebody waits for a turn: the loop does not sleep */
    bool is_stopping;
};

size_t tcp_connections_affordable(size_t descriptors, size_t workers)
{
    size_t free_count =
        descriptors > TCP_RESERVED_DESCRIPTORS ? descriptors - TCP_RESERVED_DESCRIPTORS : 0;
    size_t share = free_count / workers;

    if (share < TCP_CONNECTIONS_MIN) {
        return TCP_CONNECTIONS_MIN;
    }
    return share < TCP_CONNECTIONS_MAX ? share : TCP_CONNECTIONS_MAX;
}

/* Without connections nothing of a stopped server is left but these. */
static void on_empty(void *owner)
{
    struct tcp_server *server = owner;

    if (server->is_stopping && !uv_is_closing((uv_handle_t *)&server->sweep)) {
        uv_close((uv_handle_t *)&server->sweep, NULL);
        uv_close((uv_handle_t *)&server->pause, NULL);
        uv_close((uv_handle_t *)&server->turn, NULL);
        uv_close((uv_handle_t *)&server->hurry, NULL);
    }
}

static void on_hurry(uv_idle_t *hurry)
{
    (void)hurry; /* that it runs is enough */
}

static void on_turn(uv_prepare_t *turn)
{
    struct tcp_server *server = turn->data;

    tcp_connections_turn(&server->connections);
    if (tcp_connections_are_waiting(&server->connections)) {
        (void)uv_idle_start(&server->hurry, on_hurry);
    } else {
        (void)uv_idle_stop(&server->hurry);
    }
}

/* ---- accepting ---- */

enum accepted {
    ACCEPTED_ONE,
    ACCEPTED_NONE,
    ACCEPTED_SHORT, /* of descriptors; perhaps nobody even waits */
    ACCEPTED_FAILED,
};

/* accept(2): errors of the new connection's network count as if it had gone away again. */
static enum accepted listener_accept_one(const struct tcp_listener *listener)
{
    struct tcp_connections *connections = &listener->server->connections;
    struct sockaddr_storage peer = {.ss_family = AF_UNSPEC};
    socklen_t length = sizeof(peer);
    struct address client;
    int fd = accept4(listener->fd, (struct sockaddr *)&peer, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);

    if (fd >= 0) {
        client = serving_client(&peer);
        tcp_connections_admit(connections, fd, &client);
        return ACCEPTED_ONE;
    }
    switch (errno) {
    case EAGAIN:
        return ACCEPTED_NONE;
    case EMFILE:
    case ENFILE:
        return ACCEPTED_SHORT;
    case EINTR:
    case ECONNABORTED:
    case EPROTO:
    case ENETDOWN:
    case ENETUNREACH:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case ENONET:
    case ENOPROTOOPT:
    case EOPNOTSUPP:
        return ACCEPTED_ONE;
    default:
        return ACCEPTED_FAILED;
    }
}

static void on_acceptable(uv_poll_t *poll, int status, int events);

static void on_pause_over(uv_timer_t *pause)
{
    struct tcp_server *server = pause->data;

    for (struct tcp_listener *each = server->listeners; each != NULL; each = each->next) {
        (void)uv_poll_start(&each->poll, UV_READABLE, on_acceptable);
    }
}

/* A connection that cannot be accepted stays in the kernel's queue, and would wake the loop without
 * an end. */
static void server_pause(struct tcp_server *server)
{
    counters_add(&server->connections.serving->counters, COUNTER_TCP_PAUSES, 1);
    for (struct tcp_listener *each = server->listeners; each != NULL; each = each->next) {
        (void)uv_poll_stop(&each->poll);
    }
    (void)uv_timer_start(&server->pause, on_pause_over, TCP_ACCEPT_PAUSE_MS, 0);
}

/* The kernel looks for a descriptor before it looks for a connection, which may not be there. */
static bool listener_has_waiting(const struct tcp_listener *listener)
{
    struct pollfd waiting = {.fd = listener->fd, .events = POLLIN};

    return poll(&waiting, 1, 0) == 1;
}

/* Without descriptors one connection makes room. If that does not help, because others are faster
 * or the whole system has none, closing the next one would not either. */
static enum accepted listener_accept(const struct tcp_listener *listener)
{
    enum accepted accepted = listener_accept_one(listener);

    if (accepted != ACCEPTED_SHORT) {
        return accepted;
    }
    if (!listener_has_waiting(listener)) {
        return ACCEPTED_NONE;
    }
    if (!tcp_connections_evict(&listener->server->connections)) {
        return ACCEPTED_FAILED;
    }
    accepted = listener_accept_one(listener);
    return accepted == ACCEPTED_SHORT ? ACCEPTED_FAILED : accepted;
}

/* Level-triggered: what is left over wakes us again, after UDP. */
static void on_acceptable(uv_poll_t *poll, int status, int events)
{
    const struct tcp_listener *listener = poll->data;
    enum accepted accepted = status < 0 ? ACCEPTED_FAILED : ACCEPTED_ONE;

    (void)events;
    for (int i = 0; accepted == ACCEPTED_ONE && i < TCP_ACCEPTS_PER_WAKE; i++) {
        accepted = listener_accept(listener);
    }
    if (accepted == ACCEPTED_FAILED) {
        server_pause(listener->server);
    }
}

/* ---- start and end ---- */

static void on_sweep(uv_timer_t *timer)
{
    struct tcp_server *server = timer->data;

    if (server->is_stopping) {
        tcp_connections_close(&server->connections);
    } else {
        tcp_connections_sweep(&server->connections);
    }
}

struct tcp_server *tcp_server_new(uv_loop_t *loop, struct serving *serving)
{
    struct tcp_server *server = memory_new(sizeof(*server));
    uint64_t seed = uv_hrtime();
    uint64_t random_seed = 0;

    server->connections = (struct tcp_connections){.loop = loop,
                                                   .serving = serving,
                                                   .limit = TCP_CONNECTIONS_MAX,
                                                   .on_empty = on_empty,
                                                   .owner = server};
    /* Early at boot there may be none; the time cannot be guessed from afar either. */
    if (getrandom(&random_seed, sizeof(random_seed), GRND_NONBLOCK) ==
        (ssize_t)sizeof(random_seed)) {
        seed = random_seed;
    }
    tcp_clients_init(&server->connections.clients, seed);
    (void)uv_timer_init(loop, &server->sweep);
    (void)uv_timer_init(loop, &server->pause);
    (void)uv_prepare_init(loop, &server->turn);
    (void)uv_idle_init(loop, &server->hurry);
    server->sweep.data = server;
    server->pause.data = server;
    server->turn.data = server;
    (void)uv_timer_start(&server->sweep, on_sweep, TCP_SWEEP_MS, TCP_SWEEP_MS);
    (void)uv_prepare_start(&server->turn, on_turn);
    return server;
}

void tcp_server_limit(struct tcp_server *server, size_t connections_max)
{
    server->connections.limit = connections_max;
}

/*
 * Connections inherit all of these from the listener, which saves a call each per connection. They
 * are for speed and thrift; none is needed for being right.
 */
static void listener_tune(int fd)
{
    static const int on = 1;
    static const int receive_octets = TCP_RECEIVE_OCTETS;
    static const int unsent_octets = TCP_UNSENT_OCTETS;
    static const unsigned unacknowledged_ms = TCP_IDLE_MS;

    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_octets, sizeof(receive_octets));
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent_octets, sizeof(unsent_octets));
    /* Also for what the kernel still has to send when we have closed. */
    (void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &unacknowledged_ms,
                     sizeof(unacknowledged_ms));
}

bool tcp_server_listen(struct tcp_server *server, struct socket_pair *pair, struct error *error)
{
    struct tcp_listener *listener = NULL;
    char text[SOCKET_ADDRESS_TEXT];
    int code = 0;

    listener_tune(pair->tcp_fd);
    if (listen(pair->tcp_fd, TCP_BACKLOG) != 0) {
        code = uv_translate_sys_error(errno);
        return error_set(error, "cannot listen on %s (TCP): %s%s",
                         socket_address_to_text(&pair->address, text), uv_strerror(code),
                         code == UV_EADDRINUSE ? ": another process listens there" : "");
    }
    listener = memory_new(sizeof(*listener));
    code = uv_poll_init(server->connections.loop, &listener->poll, pair->tcp_fd);
    if (code != 0) {
        free(listener);
        return error_set(error, "cannot watch the TCP socket: %s", uv_strerror(code));
    }
    listener->poll.data = listener;
    listener->server = server;
    listener->fd = pair->tcp_fd;
    listener->next = server->listeners;
    server->listeners = listener;
    pair->tcp_fd = -1;
    code = uv_poll_start(&listener->poll, UV_READABLE, on_acceptable);
    return code == 0 || error_set(error, "cannot watch the TCP socket: %s", uv_strerror(code));
}

void tcp_server_stop(struct tcp_server *server)
{
    server->is_stopping = true;
    for (struct tcp_listener *each = server->listeners; each != NULL; each = each->next) {
        uv_close((uv_handle_t *)&each->poll, NULL);
        (void)close(each->fd);
    }
    (void)uv_timer_stop(&server->pause);
    (void)uv_timer_start(&server->sweep, on_sweep, TCP_DRAIN_MS, TCP_DRAIN_MS);
    tcp_connections_stop(&server->connections);
    if (server->connections.by_age.count == 0 && server->connections.closing_count == 0) {
        on_empty(server);
    }
}

void tcp_server_free(struct tcp_server *server)
{
    if (server == NULL) {
        return;
    }
    while (server->listeners != NULL) {
        struct tcp_listener *listener = server->listeners;

        server->listeners = listener->next;
        free(listener);
    }
    tcp_batch_pool_free(&server->connections.batches);
    free(server);
}
