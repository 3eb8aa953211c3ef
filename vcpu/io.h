// SPDX-License-Identifier: MIT
/* Exit handlers that reach devices or control registers. Owner, mode OUTSIDE. */
#pragma once
#include "vcpu.h"

/* IN, OUT, INS, OUTS (exit_io.c). */
void exit_io(struct vcpu *vcpu);
/* MOV CR, CLTS, LMSW (exit_cr.c). */
void exit_cr(struct vcpu *vcpu);
/* Nested page fault: a device's registers, or memory that is not there (exit_npf.c). */
void exit_npf(struct vcpu *vcpu);
