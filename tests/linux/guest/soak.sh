#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs in the Linux guests of the soak: load without end, and progress in the latch ports.
load 1000000 beat
echo "not ok soak: load has ended"
