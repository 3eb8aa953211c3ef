#!/bin/sh
# SPDX-License-Identifier: MIT
# Do all variables of these objects lie in the arena? One that did not would keep its
# value when the explorer goes back to an earlier state, and make the search wrong.
program=$1
shift
outside=$(for object; do
	nm "$object" | grep -E ' [bBcCdDsS] ' | sed "s|^|$object |"
	objdump -h "$object" | awk -v o="$object" '
		$2 ~ /^\.(bss|data|tbss|tdata)/ && $2 !~ /rel\.ro/ && $3 !~ /^0+$/ {
			print o, $2, $3 }'
done | while read -r object address kind name; do
	objdump -t "$object" | grep -qE " arena	.* $name\$" || echo "$object $kind $name"
done)
[ -z "$outside" ] && exit 0
echo "model: variables outside of the arena:" >&2
echo "$outside" >&2
rm -f "$program"
exit 1
