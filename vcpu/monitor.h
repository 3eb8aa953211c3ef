// SPDX-License-Identifier: MIT
/* A user at the serial line looks at the VMs and steers them, by single keys behind
 * CONSOLE_KEY. */
#pragma once
#include "types.h"

/* The key behind CONSOLE_KEY. From some CPU's loop, own vCPU OUTSIDE. */
void monitor_key(u8 key);
