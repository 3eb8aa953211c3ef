#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs in the Linux guest of tests/linux/exits: some work, then time to be counted.
load 60
echo measure-now
sleep 3
