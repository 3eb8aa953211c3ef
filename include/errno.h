// SPDX-License-Identifier: MIT
/* Errors a creating function may return, negated. Nothing on an exit path
 * returns one: there a guest gets its architectural fault, or its VM ends. */
#pragma once

#define ENOENT 2     /* not there */
#define EIO 5        /* hardware did not answer */
#define E2BIG 7      /* more than fits */
#define ENOMEM 12    /* no memory left */
#define EBUSY 16     /* in use, try another time */
#define EINVAL 22    /* malformed input */
#define ENOTSUP 95   /* well-formed, but not supported here */
