# SPDX-License-Identifier: MIT
"""The mutants: a name, the edits (file, old text that is there exactly once, new text),
and the test that must find it: "model:SCENARIO/MODEL", "unit:PROGRAM", or
"equivalent: REASON" for one that changes nothing that anybody can see."""
from collections import namedtuple

Mutant = namedtuple("Mutant", "name edits killer")

# Too long to be tried for every mutant; tried where they are named.
SLOW = {"kick2", "migr2", "migr2n", "gate2", "mask", "wait2", "wait3", "block2",
        "migr1", "wakemove", "offline", "death"}

KICK, REQUEST, GATE_C = "vcpu/kick.c", "vcpu/request.c", "vcpu/entry_gate.c"
GATE_H, SCHED, IPI = "include/gate.h", "kernel/sched.c", "kernel/ipi.c"
POOL, RUN, SERVE = "kernel/pool.c", "vcpu/run.c", "vcpu/serve.c"
VCPU, VM = "vcpu/vcpu.c", "vcpu/vm.c"
HARDWARE, SHOOT = "tests/model/hardware.c", "tests/model/scenarios/shoot.c"


def one(name, path, old, new, killer):
    return Mutant(name, [(path, old, new)], killer)


GATE_ENTER = """	smp_mb();
	schedule_point();
	if (!gate_last_chance(gate))"""
CMPXCHG_MODE = "return cmpxchg(&vcpu->gate.mode, IN_GUEST_MODE, EXITING_GUEST_MODE);"
OR_REQUEST = "atomic_fetch_or(&vcpu->gate.requests, request_bit(req));"
CHECK_CLEAR = """	atomic_fetch_and(&vcpu->gate.requests, ~request_bit(req));
	/* KICK: the bit is clear before"""
RELAXED_CMPXCHG = (KICK, CMPXCHG_MODE, CMPXCHG_MODE.replace("cmpxchg", "cmpxchg_relaxed"))
RELAXED_OR = (REQUEST, OR_REQUEST, OR_REQUEST.replace("_or", "_or_relaxed"))
WAKE_FENCE = """	smp_mb();
	if (READ_ONCE(r->wait) != WAIT_BLOCKED)"""
LEAVE = "smp_store_release(&vcpu->gate.mode, OUTSIDE_GUEST_MODE);\n}\n\nvoid gate_begin"
RELAXED_LEAVE = (GATE_C, LEAVE, LEAVE.replace("smp_store_release(&vcpu->gate.mode,",
                                              "WRITE_ONCE(vcpu->gate.mode,"))

MUTANTS = [
    # --- the gate ---
    one("gate-no-fence", GATE_C, GATE_ENTER, GATE_ENTER.replace("	smp_mb();\n", ""),
        "model:kick1/tso"),
    one("gate-check-first", GATE_C,
        "	smp_store_release(&gate->mode, IN_GUEST_MODE);",
        "	if (gate_last_chance(gate))\n		return false;\n"
        "	smp_store_release(&gate->mode, IN_GUEST_MODE);\n	return true;",
        "model:kick1/sc"),
    one("gate-in-relaxed", GATE_C, "smp_store_release(&gate->mode, IN_GUEST_MODE);",
        "WRITE_ONCE(gate->mode, IN_GUEST_MODE);", "model:reader/weak"),
    one("gate-requests-relaxed", GATE_H, "smp_load_acquire(&gate->requests)",
        "READ_ONCE(gate->requests)", "model:gaten/weak"),
    one("gate-no-exiting-test", GATE_H,
        "READ_ONCE(gate->mode) == EXITING_GUEST_MODE", "false", "model:fastn/sc"),
    Mutant("leave-relaxed", [RELAXED_LEAVE], "model:walk/weak"),
    one("reading-no-fence", GATE_C, """	smp_mb();
}

void gate_end""", "}\n\nvoid gate_end", "model:walk/tso"),
    one("reading-end-relaxed", GATE_C,
        """	 * cmpxchg in vcpu_exiting_guest_mode(). */
	smp_store_release(&vcpu->gate.mode, OUTSIDE_GUEST_MODE);
}
""" , """	 * cmpxchg in vcpu_exiting_guest_mode(). */
	WRITE_ONCE(vcpu->gate.mode, OUTSIDE_GUEST_MODE);
}
""", "model:walk/weak"),

    # --- the kick ---
    Mutant("kick-cpu-first", [
        (KICK, "static s32 ipi_target(struct vcpu *vcpu, enum kick_decision *decision)",
         "static s32 ipi_target(s32 cpu, enum kick_decision *decision)"),
        (KICK, "	s32 cpu = READ_ONCE(vcpu->gate.cpu);\n", ""),
        (KICK, "	decision = decision_for(vcpu_exiting_guest_mode(vcpu));",
         "	s32 early = READ_ONCE(vcpu->gate.cpu);\n"
         "	decision = decision_for(vcpu_exiting_guest_mode(vcpu));"),
        (KICK, "cpu = ipi_target(vcpu, decision", "cpu = ipi_target(early, decision"),
    ], "model:migr1n/sc"),
    one("kick-cpu-plain", KICK, "READ_ONCE(vcpu->gate.cpu)", "vcpu->gate.cpu",
        "model:migr1n/weak"),
    Mutant("kick-cmpxchg-relaxed", [RELAXED_CMPXCHG], "model:migr1n/weak"),
    Mutant("request-or-relaxed", [RELAXED_OR],
           "equivalent: the full fence of sched_wake(), or without it that of the "
           "cmpxchg, follows before the mode is looked at"),
    one("wait-merges-exiting", KICK, "decision != KICK_OUTSIDE)",
        "decision == KICK_READING)", "model:claimed/sc"),
    one("wait-ignores-reading", KICK, "decision != KICK_OUTSIDE)",
        "decision == KICK_CLAIMED)", "model:walk/sc"),
    one("kick-forgets-a-cpu", IPI, "for (mask &= ~BIT(this_cpu()->id);",
        "for (mask &= ~BIT(0);", "model:gate/sc"),
    one("kick-itself-by-ipi", KICK, "if (cpu == (s32)this_cpu()->id)", "if (false)",
        "unit:kick_test"),
    one("kick-offline-cpu", KICK, " || !cpu_online((unsigned)cpu))", ")",
        "unit:kick_test"),
    one("all-but-forgets", KICK, "all_vcpus(vm) & ~BIT(except->index)", "all_vcpus(vm)",
        "unit:kick_test"),
    one("no-action-sets-bit", KICK, "	if (!(req & REQ_NO_ACTION))\n", "",
        "model:kick2n/sc"),
    one("no-wakeup-wakes-not", KICK, "if (!(req & REQ_NO_WAKEUP) && sched_wake",
        "if (req & REQ_NO_WAKEUP && sched_wake", "model:gate/sc"),
    one("wake-filtered-first", KICK, "if (!(req & REQ_NO_WAKEUP) && sched_wake",
        "if (!(req & REQ_NO_WAKEUP) &&\n"
        "	    READ_ONCE(vcpu->gate.cpu) != (s32)this_cpu()->id && sched_wake",
        "model:here/sc"),

    # --- requests ---
    one("request-no-write-fence", REQUEST, "	smp_wmb();\n", "",
        "equivalent: the locked or behind it is a full fence, also for a C11 machine; "
        "the write fence says what for"),
    Mutant("request-no-order", [(REQUEST, "	smp_wmb();\n", ""), RELAXED_OR],
           "model:kick1/weak"),
    one("check-no-fence", REQUEST, """	smp_mb();
	return true;""", "	return true;",
        "equivalent: the locked and before it is a full fence; this one says what for"),
    Mutant("check-no-order", [
        (REQUEST, CHECK_CLEAR, CHECK_CLEAR.replace("_and(", "_and_relaxed(")),
        (REQUEST, """	smp_mb();
	return true;""", "	return true;")], "model:kick1/weak"),
    one("payload-before-clear", SERVE, """	if (vcpu_check_request(REQ_TEST, vcpu))
		serve_test(vcpu);
""", """	if (vcpu_test_request(REQ_TEST, vcpu)) {
		serve_test(vcpu);
		vcpu_check_request(REQ_TEST, vcpu);
	}
""", "model:again/sc"),
    one("dead-is-cleared", SERVE, "	if (!vcpu_test_request(REQ_VM_DEAD, vcpu))",
        "	if (!vcpu_check_request(REQ_VM_DEAD, vcpu))", "model:kick1/sc"),
    one("dead-is-not-told", VM,
        "		vm_request_all(vm, REQ_VM_DEAD & ~REQ_WAIT);",
        "		return;", "model:death/sc"),
    one("death-by-two", VM, "	while (state != VM_DEAD) {", "	while (false) {",
        "model:death/weak"),

    # --- sleep and wake ---
    one("sleeper-no-fence", SCHED, """	smp_mb();
	schedule_point();
	if (r->ops->has_work(r)) {""",
        "	if (r->ops->has_work(r)) {", "model:gate/tso"),
    one("waker-no-fence", SCHED, WAKE_FENCE, WAKE_FENCE.replace("	smp_mb();\n", ""),
        "model:wake/tso"),
    one("sleeper-looks-first", SCHED,
        """	WRITE_ONCE(r->wait, WAIT_BLOCKED); /* WAKE: read by sched_wake() */
""", """	if (r->ops->has_work(r)) {
		settle_awake(cpu, r);
		return;
	}
	WRITE_ONCE(r->wait, WAIT_BLOCKED);
	return;
""", "model:gate/sc"),
    one("inbox-mark-last", SCHED, """		xchg(&r->in_inbox, 0);
		schedule_point();
		if (READ_ONCE(r->home) ==
		    (s32)cpu->id) /* HOME: only the home changes it */
			look_at(cpu, r);
		else
			push(r);
""", """		if (READ_ONCE(r->home) == (s32)cpu->id) {
			look_at(cpu, r);
			xchg(&r->in_inbox, 0);
		} else {
			xchg(&r->in_inbox, 0);
			push(r);
		}
""", "model:wakemove/sc"),
    one("inbox-push-relaxed", SCHED, "while (cmpxchg(&cpu->inbox, head, r) != head);",
        "while (cmpxchg_relaxed(&cpu->inbox, head, r) != head);", "model:inbox/weak"),
    one("doorbell-not-rung", SCHED, "	if (!head && cpu != this_cpu())",
        "	if (head && cpu != this_cpu())", "model:migr1n/sc"),

    # --- moving ---
    one("home-relaxed", SCHED, """	smp_store_release(&r->home, (s32)to);
	push(r);
}

/* --- run queue""", """	WRITE_ONCE(r->home, (s32)to);
	push(r);
}

/* --- run queue""",
        "equivalent: push() goes on with locked operations on the inbox, which order it "
        "too; who reads home in push() touches nothing else"),
    one("evict-forgotten", SCHED, """	r->ops->evict(r);
	/* HOME""", "	/* HOME",
        "model:migr1n/sc"),
    one("evict-too-late", SCHED, """	r->ops->evict(r);
	/* HOME: all that this CPU did with r is before; pairs with push(). */
	smp_store_release(&r->home, (s32)to);
	push(r);
""", """	smp_store_release(&r->home, (s32)to);
	push(r);
	r->ops->evict(r);
""", "model:migr1n/weak"),
    one("move-no-flush", VCPU,
        "		vcpu_make_request(REQ_TLB_FLUSH, vcpu);\n", "",
        "model:migr1n/sc"),
    one("load-forgets-cpu", VCPU,
        "	WRITE_ONCE(vcpu->gate.cpu, (s32)this_cpu()->id);\n",
        "	if (READ_ONCE(vcpu->gate.cpu) < 0)\n"
        "		WRITE_ONCE(vcpu->gate.cpu, (s32)this_cpu()->id);\n",
        "model:migr1n/sc"),

    # --- WAIT and its acknowledgement ---
    one("ticket-after-ipi", IPI, """	for (u64 m = mask; m; m &= m - 1)
		ticket[bit_lowest(m)] =
			atomic_fetch_add(&cpu_of(bit_lowest(m))->inbox_seq, 1) + 1;
	schedule_point();
	ipi_kick_mask(mask);
""", """	ipi_kick_mask(mask);
	for (u64 m = mask; m; m &= m - 1)
		ticket[bit_lowest(m)] =
			atomic_fetch_add(&cpu_of(bit_lowest(m))->inbox_seq, 1) + 1;
""", "model:gate/sc"),
    one("icr-no-fence", HARDWARE, "	smp_mb(); /* MFENCE; LFENCE */\n", "",
        "equivalent: every sender comes from a locked operation, the ticket or the "
        "inbox; the fence is for senders that only store"),
    Mutant("ticket-relaxed", [
        (HARDWARE, "	smp_mb(); /* MFENCE; LFENCE */\n", ""),
        (IPI, "atomic_fetch_add(&cpu_of(bit_lowest(m))->inbox_seq, 1)",
         "atomic_fetch_add_relaxed(&cpu_of(bit_lowest(m))->inbox_seq, 1)")],
        "model:gate/weak"),
    one("ack-store-relaxed", IPI, "smp_store_release(&cpu->ack_seq, seq);",
        "WRITE_ONCE(cpu->ack_seq, seq);", "model:gaten/weak"),
    one("ack-read-relaxed", IPI,
        "while (smp_load_acquire(&cpu_of(id)->ack_seq) < ticket[id])",
        "while (READ_ONCE(cpu_of(id)->ack_seq) < ticket[id])", "model:gaten/weak"),
    one("ack-ticket-relaxed", IPI, "u64 seq = smp_load_acquire(&cpu->inbox_seq);",
        "u64 seq = READ_ONCE(cpu->inbox_seq);",
        "equivalent: the interrupt carries what came before it, and nothing that the "
        "acknowledging CPU then does relies on the ticket's sender"),
    Mutant("ack-while-in", [
        (RUN, '#include "stretch.h"', '#include "ipi.h"\n#include "stretch.h"'),
        (RUN, """		gate_leave(vcpu);
		finish_exit(vcpu);
""", """		ipi_serve();
		gate_leave(vcpu);
		finish_exit(vcpu);
""")], "equivalent: the guest is out already and only the mode lags behind, in code that "
        "touches nothing of the guest; the rule is kept for the code that will"),
    one("wait-does-not-serve", IPI, """	irq_window();
	ipi_serve();
	schedule_point();
	cpu_relax();""", "	cpu_relax();", "model:call2/sc"),
    one("call-done-relaxed", IPI, "smp_store_release(&call->done, 1);",
        "WRITE_ONCE(call->done, 1);", "model:call/weak"),
    one("call-next-after-done", IPI,
        """		struct ipi_call *next = call->next;

		call->fn(call->arg);
		/* INBOX: the caller's frame is gone once it sees this. */
		smp_store_release(&call->done, 1);
		call = next;
""", """		call->fn(call->arg);
		smp_store_release(&call->done, 1);
		call = call->next;
""", "model:call/weak"),
    one("free-before-flush", SHOOT, """	vm_request_all(&machine_vm, REQ_TLB_FLUSH);
	check_unused();
""", "	check_unused();\n", "model:walk/sc"),
    one("wait-while-reading", SHOOT,
        "	if (READ_ONCE(entry)) {\n		now_walking(true);",
        "	vm_request_all(&machine_vm, REQ_TLB_FLUSH);\n"
        "	if (READ_ONCE(entry)) {\n		now_walking(true);",
        "model:walk/sc"),

    # --- the pool ---
    one("offline-keeps-vcpus", POOL, "	sched_leave(cpu);\n", "", "model:offline/sc"),
    one("offline-answer-early", POOL, """	cpu_set_online(cpu, false);
	sched_leave(cpu);
""", """	smp_store_release(&cpu->wanted, CPU_AS_IT_IS);
	cpu_set_online(cpu, false);
	sched_leave(cpu);
""", "model:offline/sc"),
]
