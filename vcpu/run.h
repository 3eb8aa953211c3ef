// SPDX-License-Identifier: MIT
/* The run loop of a vCPU and its parts. Owner only. */
#pragma once
#include "vcpu.h"

/* The vCPU of one of the runnables that are vCPUs. */
static inline struct vcpu *vcpu_of(struct runnable *r)
{
	return container_of(r, struct vcpu, run);
}

/* run operation of the runnable. */
enum run_result vcpu_run(struct runnable *r);
/* The blocking test: would the vCPU do something if it ran? */
bool vcpu_should_run(struct vcpu *vcpu);
/* Serve all requests (serve.c). False: it cannot enter now; *result says why. */
bool vcpu_serve_requests(struct vcpu *vcpu, enum run_result *result);
/* Choose what to inject at the next entry, or ask for a window (inject.c). */
void vcpu_prepare_events(struct vcpu *vcpu);
/* The interrupt of the last injection was not delivered: it is pending again. */
void vcpu_take_back(struct vcpu *vcpu, u8 vector);
/* It begins to sleep, and only INIT, SIPI or an NMI can end that (hopeless.c). Mode
 * OUTSIDE. */
void vcpu_now_hopeless(struct vcpu *vcpu);
/* Handle the exit in vcpu->exit (exit.c). */
void vcpu_handle_exit(struct vcpu *vcpu);
