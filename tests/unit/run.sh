#!/bin/sh
# SPDX-License-Identifier: MIT
# Run the unit test programs given as arguments and add up what they say. The
# output of a program that fails is shown; one that dies counts as one failure.
passed=0
failed=0
for program; do
	output=$("$program" 2>&1)
	code=$?
	counts=$(printf '%s\n' "$output" |
		sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p')
	name=$(basename "$program")
	if [ $code -eq 0 ] && [ -n "$counts" ]; then
		passed=$((passed + ${counts% *}))
		echo "ok $name (${counts% *})"
		continue
	fi
	printf '%s\n' "$output" | tail -n 60
	echo "not ok $name (exit code $code)"
	[ -n "$counts" ] || counts="0 1"
	passed=$((passed + ${counts% *}))
	failed=$((failed + ${counts#* }))
done
echo "unit: $passed passed, $failed failed"
[ $failed -eq 0 ]
