/* SPDX-License-Identifier: MIT */

/*
 * discovery/aws/sigv4.c - canonical request, string to sign, signature.
 *
 * libcurl could sign, but before 8.3.0 it sends its own date beside ours, so that a wrong clock
 * could not be corrected.
 */

#include "discovery/aws/sigv4.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>
#include <time.h>

#include "discovery/aws/form.h"

enum {
    SHA256_OCTETS = 32,
    SHA256_HEX_SIZE = 2 * SHA256_OCTETS + 1,
    DAY_CHARACTERS = 8, /* of X-Amz-Date */
};

static const char algorithm[] = "AWS4-HMAC-SHA256";

/* One header in canonical form, or one pair of the query. */
struct canonical_pair {
    char *name;
    char *value;
};

void sigv4_date(int64_t now_s, char date[SIGV4_DATE_SIZE])
{
    time_t seconds = (time_t)now_s;
    struct tm utc;

    if (gmtime_r(&seconds, &utc) == NULL ||
        strftime(date, SIGV4_DATE_SIZE, "%Y%m%dT%H%M%SZ", &utc) == 0) {
        /* No calendar has the year: AWS refuses the date, which corrects the clock. */
        memcpy(date, "19700101T000000Z", SIGV4_DATE_SIZE);
    }
}

static void hex_write(const unsigned char digest[SHA256_OCTETS], char hex[SHA256_HEX_SIZE])
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < SHA256_OCTETS; i++) {
        hex[2 * i] = digits[digest[i] >> 4];
        hex[2 * i + 1] = digits[digest[i] & 15];
    }
    hex[SHA256_HEX_SIZE - 1] = '\0';
}

/* Without SHA-256 in libcrypto the digest stays zero and AWS refuses the signature by name. */
static void sha256_hex(const char *octets, size_t length, char hex[SHA256_HEX_SIZE])
{
    unsigned char digest[SHA256_OCTETS] = {0};

    (void)EVP_Q_digest(NULL, "SHA256", NULL, length == 0 ? "" : octets, length, digest, NULL);
    hex_write(digest, hex);
}

static void hmac_sha256(const void *key, size_t key_length, const char *text,
                        unsigned char mac[SHA256_OCTETS])
{
    unsigned char result[SHA256_OCTETS] = {0};

    (void)EVP_Q_mac(NULL, "HMAC", NULL, "SHA256", NULL, key, key_length,
                    (const unsigned char *)text, strlen(text), result, sizeof(result), NULL);
    memcpy(mac, result, sizeof(result));
    OPENSSL_cleanse(result, sizeof(result));
}

/* RFC 3986 section 5.2.4, and empty segments go too. */
static char *path_normalized(const char *path, struct arena *arena)
{
    char *out = arena_alloc(arena, strlen(path) + 2);
    size_t used = 0;

    out[used++] = '/';
    while (*path != '\0') {
        size_t length = strcspn(path, "/");
        bool stays = !(length == 0 || (length == 1 && path[0] == '.'));

        if (length == 2 && path[0] == '.' && path[1] == '.') {
            stays = false;
            for (used -= used > 1 ? 1 : 0; out[used - 1] != '/';) {
                used--;
            }
        }
        if (stays) {
            memcpy(out + used, path, length);
            used += length;
        }
        path += length;
        if (*path == '/') {
            path++;
            if (stays) {
                out[used++] = '/';
            }
        }
    }
    out[used] = '\0';
    return out;
}

static const char *canonical_path(const struct sigv4_request *request, struct arena *arena)
{
    const char *path = request->path;

    if (request->normalize_path) {
        path = path_normalized(path, arena);
    }
    if (request->double_encode_path) {
        path = form_percent(path, strlen(path), "/", arena);
    }
    return path;
}

static int hex_value(char digit)
{
    if (digit >= '0' && digit <= '9') {
        return digit - '0';
    }
    if (digit >= 'a' && digit <= 'f') {
        return digit - 'a' + 10;
    }
    return digit >= 'A' && digit <= 'F' ? digit - 'A' + 10 : -1;
}

/* Undo and redo the encoding of one half of a pair: "%7e" and "~" must come out alike. */
static char *query_recoded(const char *text, size_t length, struct arena *arena)
{
    char *plain = arena_alloc(arena, length + 1);
    size_t used = 0;

    for (size_t i = 0; i < length; i++) {
        int high = text[i] == '%' && length - i > 2 ? hex_value(text[i + 1]) : -1;
        int low = high < 0 ? -1 : hex_value(text[i + 2]);

        if (low >= 0) {
            plain[used++] = (char)(high * 16 + low);
            i += 2;
        } else {
            plain[used++] = text[i];
        }
    }
    return form_percent(plain, used, "", arena);
}

static int pair_order(const struct canonical_pair *left, const struct canonical_pair *right,
                      bool by_value)
{
    int order = strcmp(left->name, right->name);

    return order == 0 && by_value ? strcmp(left->value, right->value) : order;
}

/* Stable, and there are a handful of pairs. */
static void pairs_sort(struct canonical_pair *pairs, size_t count, bool by_value)
{
    for (size_t i = 1; i < count; i++) {
        struct canonical_pair moved = pairs[i];
        size_t at = i;

        for (; at > 0 && pair_order(&moved, &pairs[at - 1], by_value) < 0; at--) {
            pairs[at] = pairs[at - 1];
        }
        pairs[at] = moved;
    }
}

static const char *canonical_query(const char *query, struct arena *arena)
{
    struct canonical_pair *pairs = arena_array(arena, strlen(query) / 2 + 1, sizeof(*pairs));
    const char *text = "";
    size_t count = 0;

    while (*query != '\0') {
        size_t length = strcspn(query, "&");
        size_t name_length = strcspn(query, "=&");
        size_t skip = name_length < length ? name_length + 1 : length;

        if (length > 0) {
            pairs[count].name = query_recoded(query, name_length, arena);
            pairs[count].value = query_recoded(query + skip, length - skip, arena);
            count++;
        }
        query += length;
        query += *query == '&' ? 1 : 0;
    }
    pairs_sort(pairs, count, true);
    for (size_t i = 0; i < count; i++) {
        text = arena_format(arena, "%s%s%s=%s", text, i == 0 ? "" : "&", pairs[i].name,
                            pairs[i].value);
    }
    return text;
}

static char *lower_case(const char *name, struct arena *arena)
{
    char *lower = arena_string(arena, name);

    for (char *at = lower; *at != '\0'; at++) {
        if (*at >= 'A' && *at <= 'Z') {
            *at = (char)(*at - 'A' + 'a');
        }
    }
    return lower;
}

/* No white space at the ends, one space for each run inside. */
static char *value_trimmed(const char *value, struct arena *arena)
{
    static const char white[] = " \t\r\n";
    char *trimmed = arena_alloc(arena, strlen(value) + 1);
    size_t used = 0;

    for (value += strspn(value, white); *value != '\0'; value += strspn(value, white)) {
        size_t length = strcspn(value, white);

        if (used > 0) {
            trimmed[used++] = ' ';
        }
        memcpy(trimmed + used, value, length);
        used += length;
        value += length;
    }
    trimmed[used] = '\0';
    return trimmed;
}

/* Sorted, and equal names joined by commas. Returns how many are left. */
static size_t canonical_headers(const struct sigv4_request *request, struct canonical_pair **sorted,
                                struct arena *arena)
{
    struct canonical_pair *pairs = arena_array(arena, request->header_count + 1, sizeof(*pairs));
    size_t count = 0;

    for (size_t i = 0; i < request->header_count; i++) {
        pairs[i].name = lower_case(request->headers[i].name, arena);
        pairs[i].value = value_trimmed(request->headers[i].value, arena);
    }
    pairs_sort(pairs, request->header_count, false);
    for (size_t i = 0; i < request->header_count; i++) {
        if (count > 0 && strcmp(pairs[count - 1].name, pairs[i].name) == 0) {
            pairs[count - 1].value =
                arena_format(arena, "%s,%s", pairs[count - 1].value, pairs[i].value);
        } else {
            pairs[count++] = pairs[i];
        }
    }
    *sorted = pairs;
    return count;
}

/* "host;x-amz-date" */
static const char *names_joined(const struct canonical_pair *headers, size_t count,
                                struct arena *arena)
{
    const char *names = "";

    for (size_t i = 0; i < count; i++) {
        names = arena_format(arena, "%s%s%s", names, i == 0 ? "" : ";", headers[i].name);
    }
    return names;
}

char *sigv4_canonical_request(const struct sigv4_request *request, struct arena *arena)
{
    struct canonical_pair *headers;
    size_t count = canonical_headers(request, &headers, arena);
    char body_hash[SHA256_HEX_SIZE];
    const char *lines = "";

    for (size_t i = 0; i < count; i++) {
        lines = arena_format(arena, "%s%s:%s\n", lines, headers[i].name, headers[i].value);
    }
    sha256_hex(request->body, request->body_length, body_hash);
    return arena_format(arena, "%s\n%s\n%s\n%s\n%s\n%s", request->method,
                        canonical_path(request, arena), canonical_query(request->query, arena),
                        lines, names_joined(headers, count, arena), body_hash);
}

/* "20261122/eu-west-1/ec2/aws4_request" */
static const char *scope_text(const struct sigv4_scope *scope, const char *date,
                              struct arena *arena)
{
    return arena_format(arena, "%.*s/%s/%s/aws4_request", DAY_CHARACTERS, date, scope->region,
                        scope->service);
}

char *sigv4_string_to_sign(const char *canonical_request, const struct sigv4_scope *scope,
                           struct arena *arena)
{
    char date[SIGV4_DATE_SIZE];
    char hash[SHA256_HEX_SIZE];

    sigv4_date(scope->now_s, date);
    sha256_hex(canonical_request, strlen(canonical_request), hash);
    return arena_format(arena, "%s\n%s\n%s\n%s", algorithm, date, scope_text(scope, date, arena),
                        hash);
}

static void signature_write(const char *string_to_sign, const struct sigv4_scope *scope,
                            char signature[SHA256_HEX_SIZE], struct arena *arena)
{
    unsigned char mac[SHA256_OCTETS];
    char date[SIGV4_DATE_SIZE];
    char *secret = arena_format(arena, "AWS4%s", scope->secret_key);

    sigv4_date(scope->now_s, date);
    date[DAY_CHARACTERS] = '\0';
    hmac_sha256(secret, strlen(secret), date, mac);
    hmac_sha256(mac, sizeof(mac), scope->region, mac);
    hmac_sha256(mac, sizeof(mac), scope->service, mac);
    hmac_sha256(mac, sizeof(mac), "aws4_request", mac);
    hmac_sha256(mac, sizeof(mac), string_to_sign, mac);
    hex_write(mac, signature);
    OPENSSL_cleanse(secret, strlen(secret));
}

char *sigv4_authorization(const struct sigv4_request *request, const struct sigv4_scope *scope,
                          struct arena *arena)
{
    struct canonical_pair *headers;
    size_t count = canonical_headers(request, &headers, arena);
    char *canonical = sigv4_canonical_request(request, arena);
    char signature[SHA256_HEX_SIZE];
    char date[SIGV4_DATE_SIZE];

    sigv4_date(scope->now_s, date);
    signature_write(sigv4_string_to_sign(canonical, scope, arena), scope, signature, arena);
    return arena_format(arena, "%s Credential=%s/%s, SignedHeaders=%s, Signature=%s", algorithm,
                        scope->access_key, scope_text(scope, date, arena),
                        names_joined(headers, count, arena), signature);
}
