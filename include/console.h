// SPDX-License-Identifier: MIT
/* One serial line for the log and the guests' consoles, and the screen for the
 * log. Output goes into a ring that the UART's interrupt or an idle CPU drains;
 * nobody waits for the line. Implemented in kernel/console.c. */
#pragma once
#include "types.h"

/* Boot CPU: find the UART; from then on the log is written, by polling. */
void console_init(void);
/* Interrupts are routed: stop polling. */
void console_use_interrupts(void);
/* Put bytes into the ring. What does not fit is dropped and counted. Any root
 * context but NMI. */
void console_write(const char *text, size_t bytes);
/* The same for one of several writers: where the line is not this writer's, or none is
 * begun, a line is begun with the prefix. */
void console_write_part(const void *writer, const char *prefix, const char *text,
			size_t bytes);
/* Can guests go on writing without losing any? Else one that can wait should. */
bool console_has_room(void);
/* As console_write(), for the log: also on the screen. */
void console_log(const char *text, size_t bytes);
/* The UART's interrupt (irq.c). Only marks it. */
void console_interrupt(void);
/* Move what the UART has and takes right now. From every CPU's loop. */
void console_poll(void);
/* Idle: push one FIFO's worth out. True if something is left to do now. */
bool console_flush_step(void);
/* Write everything out, waiting for the line. Panic and power-off only. */
void console_flush(void);
/* Panic, before the others are stopped: keep them out of the console, so that none is
 * stopped with a byte in its hands. False: somebody is in it; ask again, but not for
 * ever, since it may be one that never comes out. */
bool console_seize(void);
/* Panic, once they are stopped: take the console over whatever its lock says. */
void console_break_lock(void);
/* Where typed bytes go. Set once at boot. Called from some CPU's loop. */
void console_set_input(void (*input)(u8 byte));
