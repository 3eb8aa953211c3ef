// SPDX-License-Identifier: MIT
/* Spur cannot go on, and it is not its fault: say why and end. */
#pragma once

void stop_boot(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));
