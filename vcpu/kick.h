// SPDX-License-Identifier: MIT
/* The kick decision: what a kick found and did. Counted per pCPU and request kind, for
 * the monitor and so that the tests can prove that every case was met. */
#pragma once
#include "types.h"
#include "vcpu/request.h"

enum kick_decision {
	KICK_WOKE,    /* it was blocked; now it is runnable */
	KICK_OUTSIDE, /* in root mode: the next entry looks at the request */
	KICK_SENT,    /* it was IN: moved to EXITING, IPI sent */
	KICK_CLAIMED, /* EXITING: somebody else has the duty to send the IPI */
	KICK_READING, /* walking page tables: a WAIT target, not a kick target */
	KICK_SELF,    /* it was IN, and its pCPU is this one: the gate will see EXITING */
	KICK_GONE,    /* it was IN, and its pCPU is offline by now: it has left */
	KICK_DECISIONS
};

/* What the request numbers are called; index REQ_NR_COUNT: no request. */
extern const char *const request_names[REQ_NR_COUNT + 1];
extern const char *const kick_decision_names[KICK_DECISIONS];

/* Sum of one counter over all pCPUs; a hint while they run. */
u64 kick_count(unsigned request_number, enum kick_decision decision);
