// SPDX-License-Identifier: MIT
/* The moves of a vCPU's mode that its owner makes; the picture is in
 * include/gate.h, the rules in docs/ordering.md, "KICK" and "SHOOT". */
#pragma once
#include "types.h"

struct vcpu;

/* T1: commit to entering guest mode. False: something waits, the mode is OUTSIDE
 * again; serve it and try once more. Owner, interrupts off from here to the entry. */
bool gate_enter(struct vcpu *vcpu);
/* T3, T4: back in root mode for good. Owner. */
void gate_leave(struct vcpu *vcpu);
/* T5, T6: walk nested page tables without the VM's lock. Owner; from OUTSIDE only, no
 * nesting, no lock taken, nothing that waits in between; a pointer found is
 * dead after the end. */
void gate_begin_reading(struct vcpu *vcpu);
void gate_end_reading(struct vcpu *vcpu);
