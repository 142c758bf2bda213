/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/discovery/hostile_values.h - text that somebody may write into a tag, by malice or by
 * accident, and what it is good for after all.
 */

#ifndef TESTS_UNIT_DISCOVERY_HOSTILE_VALUES_H
#define TESTS_UNIT_DISCOVERY_HOSTILE_VALUES_H

#include <stddef.h>

/* What a value is good for; everywhere else it is bad. */
enum {
    GOOD_ID = 1 << 0,      /* one label in lower case */
    GOOD_GROUP = 1 << 1,   /* Auto Scaling could have such a group */
    GOOD_CLUSTER = 1 << 2, /* and its name, in lower case, is one label */
    GOOD_ZONE = 1 << 3,
    GOOD_ADDRESS = 1 << 4,
    GOOD_WEIGHT = 1 << 5,
    GOOD_PORT = 1 << 6,
    GOOD_WORD = GOOD_ID | GOOD_GROUP | GOOD_CLUSTER | GOOD_ZONE,
};

struct hostile {
    const char *why;
    const char *text; /* NULL: `length` times 'a' */
    size_t length;
    unsigned good_for;
};

static const struct hostile HOSTILE_VALUES[] = {
    {"empty",                          "",                          0,    GOOD_ZONE                            },
    {"newline",                        "\n",                        0,    0                                    },
    {"newline after a good weight",    "5\n",                       0,    0                                    },
    {"newline after a good address",   "10.0.0.1\n",                0,    0                                    },
    {"carriage return and a log line", "x\r\n<2>event=forged",      0,    0                                    },
    {"control octet",                  "we\001b",                   0,    0                                    },
    {"escape sequence",                "\033[2J",                   0,    0                                    },
    {"delete",                         "web\177",                   0,    0                                    },
    {"tab before a number",            "\t5",                       0,    0                                    },
    {"presentation escape \\010",      "\\010",                     0,    GOOD_GROUP                           },
    {"presentation escape of a dot",   "web\\.evil",                0,    GOOD_GROUP                           },
    {"quote",                          "\"",                        0,    GOOD_GROUP                           },
    {"comment of a zone file",         ";",                         0,    GOOD_GROUP                           },
    {"directive of a zone file",       "$INCLUDE /etc/passwd",      0,    GOOD_GROUP                           },
    {"origin of a zone file",          "@",                         0,    GOOD_GROUP                           },
    {"one dot",                        ".",                         0,    GOOD_GROUP                           },
    {"two dots",                       "..",                        0,    GOOD_GROUP                           },
    {"trailing dot",                   "web.",                      0,    GOOD_GROUP                           },
    {"empty label inside",             "a..b",                      0,    GOOD_GROUP                           },
    {"a name below",                   "evil.web",                  0,    GOOD_GROUP                           },
    {"hyphen first",                   "-web",                      0,    GOOD_GROUP | GOOD_ZONE               },
    {"hyphen last",                    "web-",                      0,    GOOD_GROUP | GOOD_ZONE               },
    {"wildcard",                       "*",                         0,    GOOD_GROUP                           },
    {"wildcard name",                  "*.sd.example.com",          0,    GOOD_GROUP                           },
    {"63 octets",                      NULL,                        63,   GOOD_WORD                            },
    {"64 octets",                      NULL,                        64,   GOOD_GROUP                           },
    {"255 octets",                     NULL,                        255,  GOOD_GROUP                           },
    {"256 octets",                     NULL,                        256,  GOOD_GROUP                           },
    {"1,024 octets",                   NULL,                        1024, GOOD_GROUP                           },
    {"1,025 octets",                   NULL,                        1025, 0                                    },
    {"4 KiB",                          NULL,                        4096, 0                                    },
    {"capitals",                       "I-0ABC",                    0,    GOOD_GROUP | GOOD_CLUSTER | GOOD_ZONE},
    {"not UTF-8",                      "\xff\xfe",                  0,    GOOD_GROUP                           },
    {"UTF-8 cut short",                "web\xc3",                   0,    GOOD_GROUP                           },
    {"UTF-16 with its mark",           "\xff\xfew\xff",             0,    GOOD_GROUP                           },
    {"overlong slash",                 "\xc0\xaf",                  0,    GOOD_GROUP                           },
    {"right to left",
     "\xe2\x80\xae"
     "bew",                                                         0,    GOOD_GROUP                           },
    {"homoglyph",
     "w\xd0\xb5"
     "b",                                                           0,    GOOD_GROUP                           },
    {"zero width space",               "web\xe2\x80\x8b",           0,    GOOD_GROUP                           },
    {"format of printf",               "%s%n%1000000d",             0,    GOOD_GROUP                           },
    {"markup",                         "<script>alert(1)</script>", 0,    GOOD_GROUP                           },
    {"entity",                         "&lt;",                      0,    GOOD_GROUP                           },
    {"shell",                          "$(reboot)",                 0,    GOOD_GROUP                           },
    {"path",                           "../../etc/passwd",          0,    GOOD_GROUP                           },
    {"our own placeholder",            "{group}",                   0,    GOOD_GROUP                           },
    {"reference of a rename rule",     "\\1",                       0,    GOOD_GROUP                           },
    {"minus one",                      "-1",                        0,    GOOD_GROUP | GOOD_ZONE               },
    {"zero",                           "0",                         0,    GOOD_WORD | GOOD_WEIGHT              },
    {"minus zero",                     "-0",                        0,    GOOD_GROUP | GOOD_ZONE               },
    {"two zeros",                      "00",                        0,    GOOD_WORD                            },
    {"leading zero",                   "007",                       0,    GOOD_WORD                            },
    {"the largest",                    "65535",                     0,    GOOD_WORD | GOOD_WEIGHT | GOOD_PORT  },
    {"one over",                       "65536",                     0,    GOOD_WORD                            },
    {"over 32 bits",                   "99999999999",               0,    GOOD_WORD                            },
    {"wraps in 64 bits",               "18446744073709551621",      0,    GOOD_WORD                            },
    {"exponent",                       "1e3",                       0,    GOOD_WORD                            },
    {"hexadecimal",                    "0x10",                      0,    GOOD_WORD                            },
    {"space before",                   " 5",                        0,    GOOD_GROUP                           },
    {"space after",                    "5 ",                        0,    GOOD_GROUP                           },
    {"plus",                           "+5",                        0,    GOOD_GROUP                           },
    {"fraction",                       "5.0",                       0,    GOOD_GROUP                           },
    {"comma",                          "5,000",                     0,    GOOD_GROUP                           },
    {"Arabic digit",                   "\xd9\xa5",                  0,    GOOD_GROUP                           },
    {"no number",                      "NaN",                       0,    GOOD_GROUP | GOOD_CLUSTER | GOOD_ZONE},
    {"word for nothing",               "null",                      0,    GOOD_WORD                            },
    {"a good address",                 "10.200.0.1",                0,    GOOD_GROUP | GOOD_ADDRESS            },
    {"a good IPv6 address",            "fd00::9",                   0,    GOOD_GROUP | GOOD_ADDRESS            },
    {"this network",                   "0.0.0.0",                   0,    GOOD_GROUP                           },
    {"loopback",                       "127.0.0.1",                 0,    GOOD_GROUP                           },
    {"metadata service",               "169.254.169.254",           0,    GOOD_GROUP                           },
    {"multicast",                      "224.0.0.1",                 0,    GOOD_GROUP                           },
    {"reserved",                       "240.0.0.1",                 0,    GOOD_GROUP                           },
    {"broadcast",                      "255.255.255.255",           0,    GOOD_GROUP                           },
    {"public",                         "8.8.8.8",                   0,    GOOD_GROUP                           },
    {"private, but not allowed here",  "192.168.0.1",               0,    GOOD_GROUP                           },
    {"unspecified",                    "::",                        0,    GOOD_GROUP                           },
    {"IPv6 loopback",                  "::1",                       0,    GOOD_GROUP                           },
    {"IPv6 link-local",                "fe80::1",                   0,    GOOD_GROUP                           },
    {"IPv6 multicast",                 "ff02::1",                   0,    GOOD_GROUP                           },
    {"IPv4-mapped",                    "::ffff:10.0.0.1",           0,    GOOD_GROUP                           },
    {"IPv4-compatible",                "::10.0.0.1",                0,    GOOD_GROUP                           },
    {"IPv6 public",                    "2001:db8::1",               0,    GOOD_GROUP                           },
    {"scoped",                         "fd00::9%eth0",              0,    GOOD_GROUP                           },
    {"bracketed",                      "[fd00::9]",                 0,    GOOD_GROUP                           },
    {"leading zero in an address",     "10.0.0.01",                 0,    GOOD_GROUP                           },
    {"three numbers",                  "10.0.0",                    0,    GOOD_GROUP                           },
    {"five numbers",                   "10.0.0.1.1",                0,    GOOD_GROUP                           },
    {"one number",                     "167772161",                 0,    GOOD_WORD                            },
    {"one hexadecimal number",         "0x0a000001",                0,    GOOD_WORD                            },
    {"address with length",            "10.0.0.1/8",                0,    GOOD_GROUP                           },
    {"address with port",              "10.0.0.1:80",               0,    GOOD_GROUP                           },
    {"two addresses",                  "10.0.0.1,10.0.0.2",         0,    GOOD_GROUP                           },
    {"address and space",              "10.0.0.1 ",                 0,    GOOD_GROUP                           },
    {"a host's name",                  "localhost",                 0,    GOOD_WORD                            },
};

enum {
    HOSTILE_COUNT = sizeof(HOSTILE_VALUES) / sizeof(HOSTILE_VALUES[0]),
    HOSTILE_MAX_LENGTH = 4096
};

#endif
