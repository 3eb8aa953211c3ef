// SPDX-License-Identifier: MIT
/* vcpu/vmdesc.c: lines as users write them, and the messages they get back. */
#include "string.h"
#include "unit.h"
#include "vcpu/vmdesc.h"

#define ROUNDS 30000

static struct bootinfo info;
static struct vm_desc vms[MAX_VMS];
static unsigned count;
static unsigned complaints;
static char last_complaint[256];

static void complain(const char *line)
{
	complaints++;
	string_copy(last_complaint, line, sizeof(last_complaint));
}

static void begin(void)
{
	memset(&info, 0, sizeof(info));
}

static void module(const char *line)
{
	string_copy(info.modules[info.module_count++].cmdline, line, CMDLINE_MAX);
}

static void parse(void)
{
	complaints = 0;
	count = vmdesc_parse(&info, vms, MAX_VMS, complain);
	CHECK(count <= MAX_VMS);
	for (unsigned i = 0; i < count; i++) {
		CHECK(strnlen(vms[i].error, VM_ERROR_MAX) < VM_ERROR_MAX);
		CHECK(strnlen(vms[i].name, VM_NAME_MAX) < VM_NAME_MAX);
		if (vms[i].error[0])
			continue;
		CHECK(vms[i].kernel && vms[i].vcpus >= 1 && vms[i].vcpus <= MAX_VCPUS);
		CHECK(vms[i].mem_bytes >= VM_MEM_MIN && vms[i].mem_bytes <= VM_MEM_MAX);
	}
}

static void parse_one(const char *line)
{
	begin();
	module(line);
	parse();
	CHECK_EQ(count, 1);
}

static void everything(void)
{
	begin();
	module("vm=web vcpus=2 mem=512M cpus=0-1,5 weight=300 kvm=off x2apic=off pic=on "
	       "reset=end triple=reset start=off -- console=ttyS0 -- vm=x");
	module("vm=web initrd");
	parse();
	CHECK_EQ(count, 1);
	CHECK_EQ(complaints, 0);
	CHECK_STR(vms[0].name, "web");
	CHECK_STR(vms[0].error, "");
	CHECK_EQ(vms[0].vcpus, 2);
	CHECK_EQ(vms[0].mem_bytes, MIB(512));
	CHECK_EQ(vms[0].cpu_mask, 0x23);
	CHECK_EQ(vms[0].weight, 300);
	CHECK(!vms[0].kvm && !vms[0].x2apic && vms[0].pic);
	CHECK(!vms[0].starts && !vms[0].restarts && vms[0].triple_resets);
	CHECK(vms[0].kernel == &info.modules[0]);
	CHECK(vms[0].initrd == &info.modules[1]);
	CHECK_STR(vms[0].cmdline, "console=ttyS0 -- vm=x");
}

static void defaults(void)
{
	begin();
	module("");
	module("/boot/kernel \t --   a  b ");
	module("(hd0,1)/boot/kernel vcpus=64");
	parse();
	CHECK_EQ(count, 3);
	CHECK_EQ(complaints, 0);
	CHECK_STR(vms[0].name, "vm0");
	CHECK_EQ(vms[0].vcpus, 1);
	CHECK_EQ(vms[0].mem_bytes, MIB(256));
	CHECK_EQ(vms[0].cpu_mask, 0);
	CHECK(vms[0].kvm && vms[0].x2apic && !vms[0].pic && !vms[0].initrd);
	CHECK(vms[0].starts && vms[0].restarts && !vms[0].triple_resets);
	CHECK_STR(vms[1].name, "vm1");
	CHECK_STR(vms[1].cmdline, "a  b ");
	CHECK_EQ(vms[2].vcpus, 64);
}

static void initrd_may_come_first(void)
{
	begin();
	module("initrd vm=a");
	module("vm=b");
	module("vm=a");
	parse();
	CHECK_EQ(count, 2);
	CHECK_EQ(complaints, 0);
	CHECK(vms[0].kernel == &info.modules[2] && vms[0].initrd == &info.modules[0]);
}

static void sizes(void)
{
	parse_one("mem=2M");
	CHECK_EQ(vms[0].mem_bytes, MIB(2));
	parse_one("mem=3g");
	CHECK_EQ(vms[0].mem_bytes, GIB(3));
	parse_one("mem=1024G");
	CHECK_EQ(vms[0].mem_bytes, GIB(1024));
	parse_one("mem=4096K");
	CHECK_EQ(vms[0].mem_bytes, MIB(4));
	parse_one("mem=16777216");
	CHECK_EQ(vms[0].mem_bytes, MIB(16));
	parse_one("cpus=0-63");
	CHECK_EQ(vms[0].cpu_mask, UINT64_MAX);
	parse_one("cpus=63");
	CHECK_EQ(vms[0].cpu_mask, 1ul << 63);
}

static void bad_values(void)
{
	static const char *const bad[] = {
		"vcpus=0",
		"vcpus=65",
		"vcpus=",
		"vcpus=2x",
		"vcpus=-1",
		"vcpus= 2",
		"vcpus=18446744073709551617",
		"mem=1M",
		"mem=0",
		"mem=",
		"mem=2",
		"mem=2049G",
		"mem=99999999999G",
		"mem=256MB",
		"mem=2097153",
		"mem=M",
		"cpus=",
		"cpus=64",
		"cpus=3-1",
		"cpus=1,",
		"cpus=,1",
		"cpus=1-",
		"cpus=1 2",
		"weight=0",
		"weight=10001",
		"kvm=yes",
		"kvm=",
		"start=",
		"reset=",
		"reset=on",
		"triple=end",
		"lazy=on",
		"x2apic",
		"color=red",
		"=",
		"a",
		"vcpus=1 vcpus=2",
		"VCPUS=2",
		"vcpu=2",
		"vcpuss=2",
		"\xff\x1b[2J=1",
	};

	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
		begin();
		module(bad[i]);
		module("vm=good -- x");
		parse();
		CHECK_EQ(count, 2);
		if (!CHECK(vms[0].error[0] != '\0'))
			CHECK_STR(bad[i], "");
		CHECK_STR(vms[1].error, "");
		CHECK(complaints >= 1);
	}
}

static void messages(void)
{
	parse_one("vm=web vcpus=65");
	CHECK_STR(last_complaint,
		  "module 0 (vm web): vcpus=65: must be a number from 1 to 64");
	CHECK_STR(vms[0].error, last_complaint);
	parse_one("vm=web color=\x1b[2J");
	CHECK_STR(last_complaint, "module 0 (vm web): color=?[2J: unknown option");
	parse_one("vm=a-name-too-long- mem=1M");
	CHECK_HAS(vms[0].error,
		  "module 0 (vm vm0): a-name-too-long-: a name has 1 to 15");
	CHECK_HAS(last_complaint, "mem=1M: must be a size from 2M to 1024G");
	parse_one("vm=we/b");
	CHECK_HAS(vms[0].error, "a name has");
	parse_one("vm= vcpus=1");
	CHECK_HAS(vms[0].error, "a name has");
	parse_one("vm=x initrd");
	CHECK_STR(vms[0].error, "module 0 (vm x): an initrd without a kernel");
}

static void doubles(void)
{
	begin();
	module("vm=a");
	module("vm=a");
	module("vm=b");
	module("vm=b initrd");
	module("vm=b initrd");
	module("vm=c");
	module("vm=c initrd mem=1G");
	parse();
	CHECK_EQ(count, 3);
	CHECK_HAS(vms[0].error, "module 1 (vm a): a second kernel");
	CHECK_HAS(vms[1].error, "module 4 (vm b): a second initrd");
	CHECK_HAS(vms[2].error, "module 6 (vm c): mem=1G: belongs on the kernel's line");
}

static void too_many_vms(void)
{
	begin();
	for (unsigned i = 0; i < MAX_VMS + 2; i++)
		module("");
	parse();
	CHECK_EQ(count, MAX_VMS);
	CHECK_EQ(complaints, 2);
	CHECK_STR(last_complaint, "module 17: more than 16 VMs, this one is left out");
}

static void long_lines(void)
{
	char line[CMDLINE_MAX];

	memset(line, 'x', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\0';
	parse_one(line);
	CHECK(vms[0].error[0]);
	memcpy(line, "vm=", 3);
	parse_one(line);
	CHECK_HAS(vms[0].error, "a name has");
	memcpy(line, "vm=a -- ", 8);
	parse_one(line);
	CHECK_STR(vms[0].error, "");
	CHECK_STR(vms[0].cmdline, line + 8);
	memset(line, '9', sizeof(line) - 1);
	memcpy(line, "mem=", 4);
	parse_one(line);
	CHECK(vms[0].error[0]);
}

static const char typical[] = "/boot/k vm=web vcpus=2 mem=512M cpus=0-1,5 weight=300 "
			      "kvm=off initrd -- a";

static void every_prefix(void)
{
	for (unsigned n = 0; n < sizeof(typical); n++) {
		begin();
		module(typical);
		info.modules[0].cmdline[n] = '\0';
		parse();
	}
}

static void mutated(void)
{
	static const char letters[] = " =,-0123456789KMGvminrdcpus./\t";
	u64 seed = 9;

	for (unsigned round = 0; round < ROUNDS; round++) {
		begin();
		for (unsigned i = 0; i < 4; i++) {
			char *line = info.modules[i].cmdline;
			u64 changes = unit_random(&seed) % 6;

			module(typical);
			for (u64 j = 0; j < changes; j++) {
				u64 r = unit_random(&seed);

				line[r % (sizeof(typical) - 1)] =
					letters[(r >> 32) % (sizeof(letters) - 1)];
			}
			if (i & 1)
				unit_mutate(line, sizeof(typical) - 1, &seed);
		}
		parse();
	}
}

static void devices(void)
{
	begin();
	module("image=root");
	module("vm=a vcon=on net=lan net=dmz,52:54:00:aB:cD:0f disk=root:cow disk=root "
	       "disk=root:ro");
	module("vm=b");
	parse();
	CHECK_EQ(count, 2);
	CHECK_EQ(complaints, 0);
	CHECK(vms[0].vcon);
	CHECK_EQ(vms[0].nic_count, 2);
	CHECK_STR(vms[0].nics[0].name, "lan");
	CHECK(!vms[0].nics[0].has_mac);
	CHECK_STR(vms[0].nics[1].name, "dmz");
	CHECK(vms[0].nics[1].has_mac);
	CHECK(!memcmp(vms[0].nics[1].mac, "\x52\x54\x00\xab\xcd\x0f", 6));
	CHECK_EQ(vms[0].disk_count, 3);
	CHECK(vms[0].disks[0].cow && !vms[0].disks[1].cow && !vms[0].disks[2].cow);
	for (unsigned i = 0; i < 3; i++)
		CHECK(vms[0].disks[i].module == &info.modules[0]);
	CHECK(!vms[1].vcon && !vms[1].nic_count && !vms[1].disk_count);
}

static void bad_devices(void)
{
	static const char *const bad[] = {"net=",
					  "net=a/b",
					  "net=lan,",
					  "net=lan,52:54:00:00:00:0",
					  "net=a b=c",
					  "net=lan,52-54-00-00-00-00",
					  "net=lan,01:00:5e:00:00:01",
					  "net=lan,52:54:00:00:00:000",
					  "net=a net=a net=a net=a net=a",
					  "disk=",
					  "disk=root:",
					  "disk=root:rw",
					  "disk=root:cow:",
					  "vcon=yes",
					  "disk=root disk=root disk=root disk=root",
					  "net=sixteenletters16",
					  "disk=nothing"};

	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
		char line[128] = "vm=a ";

		string_copy(line + 5, bad[i], sizeof(line) - 5);
		begin();
		module(line);
		module("image=root");
		parse();
		CHECK_EQ(count, 1);
		if (!CHECK(vms[0].error[0]))
			CHECK_STR(bad[i], "refused");
	}
	CHECK_HAS(last_complaint, "nothing: disk= names it");
}

static void images(void)
{
	static const char *const bad[] = {"image=a/b", "image=root vm=x", "image=root",
					  "image=sixteenletters16", "image=x -- y"};

	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
		begin();
		module("image=root");
		module(bad[i]);
		module("disk=root");
		parse();
		CHECK_EQ(count, 1);
		CHECK_EQ(complaints, 1);
		CHECK_HAS(last_complaint, "module 1: ");
		CHECK(!vms[0].error[0]);
		CHECK(vms[0].disks[0].module == &info.modules[0]);
	}
}

static const struct unit_test tests[] = {
	UNIT_TEST(devices),      UNIT_TEST(bad_devices),
	UNIT_TEST(images),       UNIT_TEST(everything),
	UNIT_TEST(defaults),     UNIT_TEST(initrd_may_come_first),
	UNIT_TEST(sizes),        UNIT_TEST(bad_values),
	UNIT_TEST(messages),     UNIT_TEST(doubles),
	UNIT_TEST(too_many_vms), UNIT_TEST(long_lines),
	UNIT_TEST(every_prefix), UNIT_TEST(mutated),
};

int main(void)
{
	return UNIT_RUN(tests);
}
