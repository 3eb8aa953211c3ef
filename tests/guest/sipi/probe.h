// SPDX-License-Identifier: MIT
/* Where the probe's record lies in its page. */
#pragma once

#define PROBE_RECORD 0x800
