#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs in the Linux guest: what an SMP kernel must show, a line a check. Words on the
# kernel's command line say what is wanted:
#   spur.cpus=N   so many CPUs     spur.load=N   so many rounds of load (default 100)
#   spur.clock    measure the time, too (needs Spur's test "clock")
word() { sed -n "s/.*spur\.$1=\([^ ]*\).*/\1/p" /proc/cmdline; }
has() { grep -q "spur\.$1" /proc/cmdline; }

check() { # NAME, TEXT, test...
	name=$1 text=$2
	shift 2
	if "$@"; then
		echo "ok $name: $text"
	else
		echo "not ok $name: $text"
	fi
}

online() { grep -c '^processor' /proc/cpuinfo; }

# Off and on again: the CPU halts for good, and is started by INIT and SIPI once more.
hotplug() {
	file=/sys/devices/system/cpu/cpu$1/online
	echo 0 >"$file"
	check "offline $1" "$(online) CPUs" [ "$(online)" = $((cpus - 1)) ]
	echo 1 >"$file"
	check "online $1" "$(online) CPUs" [ "$(online)" = "$cpus" ]
	check "runs $1" "a process on CPU $1" taskset -c "$1" true
}

echo "interrupts so far:"
grep -E 'LOC|RES|CAL|TLB' /proc/interrupts
cpus=$(word cpus)
rounds=$(word load)
check cpus "$(online) CPUs" [ "$(online)" = "$cpus" ]
if [ "$cpus" -gt 1 ]; then
	hotplug 1
	hotplug $((cpus - 1))
fi
vector
load "${rounds:-100}"
has clock && clock

source=$(cat /sys/devices/system/clocksource/clocksource0/current_clocksource)
check clocksource "$source" [ "$source" = tsc ]
slow='[Cc]alibrati(on|ng) (failed|using)|Fast TSC cal|Refined TSC|calibrate APIC'
check calibration "no loops" eval "! dmesg | grep -E '$slow'"
bad='unstable|skew|soft lockup|LOCKUP|rcu.*(stall|detected)|blocked for more'
bad="$bad|segfault|traps:|BUG|WARNING|Call Trace|unchecked MSR|not responding|stuck"
check log "$(dmesg | wc -l) lines" eval "! dmesg | grep -E '$bad'"
