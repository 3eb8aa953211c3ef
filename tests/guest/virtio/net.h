// SPDX-License-Identifier: MIT
/* What the guest does on a network, by the words on its command line. */
#pragma once

/* "echo": send back what comes, for ever. */
void net_echo(void) __attribute__((noreturn));
/* "ping": find the one that echoes, and have so many frames come back. */
void net_ping(void);
/* "flood": frames for all and for nobody, from made-up sources, and broken rings, for
 * ever. */
void net_flood(void) __attribute__((noreturn));
