// SPDX-License-Identifier: MIT
/* The constants one may change. Each bounds a static array or a wait. */
#pragma once

#define MAX_CPUS 64            /* physical CPUs; a CPU mask is one 64-bit word */
#define MAX_VMS 16             /* virtual machines at once */
#define MAX_VCPUS 64           /* virtual CPUs of one VM */
#define PAGE_SIZE 4096UL
#define STACK_SIZE (4 * PAGE_SIZE)
#define MAX_MEM_RANGES 64      /* usable memory ranges taken from the loader */
#define MAX_MODULES 32         /* GRUB modules */
#define CMDLINE_MAX 2048       /* bytes of any command line, with its NUL */
#define CONSOLE_KEY 0x14       /* Ctrl-T: the next typed byte is for the monitor */
#define CONSOLE_KEPT 8192      /* bytes of each guest's output that are kept */
#define SLICE_US 10000         /* time slice of a vCPU that shares its CPU */
#define WAIT_LIMIT_US 2000000  /* after this an unanswered wait is a panic */
#define ROOT_BOUND 21000       /* instructions between two inbox polls, at most */
