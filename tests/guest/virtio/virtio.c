// SPDX-License-Identifier: MIT
/* The virtio-mmio transport without an operating system: negotiation, disk requests,
 * rings that break each rule, resets; or one of the roles in net.h. The VM has a console,
 * a network device and a disk (copy-on-write) with this very file as its content. */
#include "driver.h"
#include "net.h"

#define SECTOR 512
#define VECTOR 0x71
#define IOAPIC 0xfec00000UL
#define LEVEL BIT(15)
#define NOWHERE 0x7f0000000000UL
#define RESETS 300

struct request {
	u32 type, reserved;
	u64 sector;
};

static struct request request;
static u8 data[8 * SECTOR] __attribute__((aligned(16)));
static volatile u8 status;
static volatile u32 interrupts;

/* --- negotiation --- */

static void test_identity(void)
{
	static const u32 ids[] = {3, 1, 2};

	for (unsigned device = 0; device < 3; device++) {
		check_equal(reg_read(device, REG_MAGIC), 0x74726976, "magic value");
		check_equal(reg_read(device, REG_VERSION), 2, "version 2");
		check_equal(reg_read(device, REG_DEVICE), ids[device], "device ID");
		reg_write(device, REG_FEATURES_SEL, 1);
		check(reg_read(device, REG_FEATURES) & 1, "VERSION_1 is offered");
	}
	reg_write(DISK, REG_MAGIC, 0);
	reg_write(DISK, REG_DEVICE, 9);
	reg_write(DISK, REG_QUEUE_MAX, 9);
	check_equal(reg_read(DISK, REG_DEVICE), 2, "read-only registers stay");
	check_equal(*(volatile u8 *)(VIRTIO_PAGE + DISK * PAGE + REG_MAGIC), 0,
		    "a byte of a register reads as 0");
}

static void negotiate(u32 low, u32 high)
{
	reg_write(DISK, REG_STATUS, 0);
	reg_write(DISK, REG_STATUS, 3);
	reg_write(DISK, REG_DRIVER_FEATURES_SEL, 0);
	reg_write(DISK, REG_DRIVER_FEATURES, low);
	reg_write(DISK, REG_DRIVER_FEATURES_SEL, 1);
	reg_write(DISK, REG_DRIVER_FEATURES, high);
	reg_write(DISK, REG_STATUS, 11);
}

static void test_negotiation(void)
{
	negotiate(0, 1);
	check_equal(reg_read(DISK, REG_STATUS), 11, "VERSION_1 alone is accepted");
	negotiate(0, 0);
	check_equal(reg_read(DISK, REG_STATUS), 3, "without VERSION_1 it is not");
	negotiate(0xffffffff, 0xffffffff);
	check_equal(reg_read(DISK, REG_STATUS), 3, "nor with features not offered");
	reg_write(DISK, REG_STATUS, STATUS_LIVE);
	check_equal(reg_read(DISK, REG_STATUS), 3, "nor later");
	reg_write(DISK, REG_STATUS, 0);
	check_equal(reg_read(DISK, REG_STATUS), 0, "a reset clears the status");
}

/* --- the disk --- */

static void offer_request(u32 type, u64 sector, u32 bytes)
{
	request = (struct request){type, 0, sector};
	status = 0xff;
	driver_desc(0, 0, &request, sizeof(request), NEXT, 1);
	driver_desc(0, 1, data, bytes, NEXT | (type ? 0 : WRITE), 2);
	driver_desc(0, 2, &status, 1, WRITE, 0);
	driver_offer(0, 0);
}

static u8 disk(u32 type, u64 sector, u32 bytes)
{
	u32 written;

	offer_request(type, sector, bytes);
	reg_write(DISK, REG_NOTIFY, 0);
	return driver_back(0, &written) ? status : 0xff;
}

static void test_disk(void)
{
	u64 sectors = *(volatile u32 *)(VIRTIO_PAGE + DISK * PAGE + REG_CONFIG);

	driver_start(DISK);
	check(sectors > 8, "the disk has a size");
	check_equal(disk(0, 0, SECTOR), 0, "a sector is read");
	check(data[0] == 0x7f && data[1] == 'E', "it is what the module holds");
	memset(data, 0x5a, sizeof(data));
	check_equal(disk(1, 1, sizeof(data)), 0, "sectors are written");
	memset(data, 0, sizeof(data));
	check_equal(disk(0, 1, sizeof(data)), 0, "and read back");
	check(data[0] == 0x5a && data[sizeof(data) - 1] == 0x5a, "as they were written");
	check_equal(disk(0, sectors, SECTOR), 1, "none behind the end");
	check_equal(disk(0, ~0UL, SECTOR), 1, "nor far behind it");
	check_equal(disk(0, 0, SECTOR - 1), 1, "none in part");
	check_equal(disk(55, 0, SECTOR), 2, "no unknown kind of request");
}

/* --- the interrupt --- */

static void on_interrupt(struct frame *frame)
{
	interrupts++;
	reg_write(DISK, REG_ACK, reg_read(DISK, REG_ISR));
}

static void route(u32 low)
{
	*(volatile u32 *)IOAPIC = 0x10 + 2 * (FIRST_PIN + DISK);
	*(volatile u32 *)(IOAPIC + 0x10) = low;
}

static void test_interrupt(void)
{
	irq_set(VECTOR, on_interrupt);
	driver_start(DISK);
	route(LEVEL | VECTOR);
	sti();
	disk(0, 0, SECTOR);
	delay_tsc(3000);
	check_equal(interrupts, 1, "a request ends with one interrupt");
	rings[0].avail.flags = 1;
	disk(0, 0, SECTOR);
	delay_tsc(3000);
	check_equal(interrupts, 1, "none if the driver wants none");
	cli();
	route(BIT(16));
}

/* --- bad rings --- */

static void bad_loop(void)
{
	driver_desc(0, 0, data, 16, NEXT, 1);
	driver_desc(0, 1, data, 16, NEXT, 0);
	driver_offer(0, 0);
}

static void bad_number(void)
{
	driver_offer(0, QUEUE);
}

static void bad_next(void)
{
	driver_desc(0, 0, data, 16, NEXT, 0xffff);
	driver_offer(0, 0);
}

static void bad_index(void)
{
	rings[0].avail.index = QUEUE + 1;
}

static void bad_order(void)
{
	driver_desc(0, 0, data, 16, NEXT | WRITE, 1);
	driver_desc(0, 1, data, 16, 0, 0);
	driver_offer(0, 0);
}

static void bad_indirect(void)
{
	driver_desc(0, 0, data, 16, INDIRECT, 0);
	driver_offer(0, 0);
}

static void bad_address(void)
{
	offer_request(0, 0, SECTOR);
	rings[0].desc[1].at = NOWHERE;
}

static void bad_wrap(void)
{
	offer_request(0, 0, SECTOR);
	rings[0].desc[1].at = ~0UL - 100;
}

static void bad_device(void)
{
	offer_request(0, 0, SECTOR);
	rings[0].desc[1].at = VIRTIO_PAGE;
}

static void bad_status(void)
{
	driver_desc(0, 0, data, 16, 0, 0);
	driver_offer(0, 0);
}

static void bad_header(void)
{
	offer_request(0, 0, SECTOR);
	rings[0].desc[0].bytes = 15;
}

static const struct {
	void (*make)(void);
	const char *name;
} bad_rings[] = {
	{bad_loop, "a chain that goes round"},
	{bad_number, "a head beyond the table"},
	{bad_next, "a next beyond the table"},
	{bad_index, "an index that jumps"},
	{bad_order, "a buffer to read behind one to write"},
	{bad_indirect, "an indirect descriptor"},
	{bad_address, "a buffer where no RAM is"},
	{bad_wrap, "a buffer across the end of all addresses"},
	{bad_device, "a buffer in a device's registers"},
	{bad_status, "a request without a status byte"},
	{bad_header, "a request with a short header"},
};

static void test_bad_rings(void)
{
	for (unsigned i = 0; i < sizeof(bad_rings) / sizeof(*bad_rings); i++) {
		driver_start(DISK);
		bad_rings[i].make();
		reg_write(DISK, REG_NOTIFY, 0);
		check_equal(reg_read(DISK, REG_STATUS), STATUS_LIVE | NEEDS_RESET,
			    bad_rings[i].name);
		check(reg_read(DISK, REG_ISR) & 2, "a configuration interrupt tells it");
	}
	driver_start(DISK);
	check_equal(disk(0, 0, SECTOR), 0, "after a reset it works again");
	/* 16 TiB in one request: beyond the disk, so refused and not carried out. */
	offer_request(0, 0, 0xffffffff);
	reg_write(DISK, REG_NOTIFY, 0);
	check_equal(status, 1, "a length beyond the disk is refused");
}

static void bad_queue(u32 size, u64 desc, const char *name)
{
	reg_write(DISK, REG_STATUS, 0);
	negotiate(0, 1);
	reg_write(DISK, REG_QUEUE_SEL, 0);
	reg_write(DISK, REG_QUEUE_SIZE, size);
	reg_write(DISK, REG_DESC, (u32)desc);
	reg_write(DISK, REG_DESC + 4, (u32)(desc >> 32));
	reg_write(DISK, REG_AVAIL, (u32)desc);
	reg_write(DISK, REG_USED, (u32)desc);
	reg_write(DISK, REG_QUEUE_READY, 1);
	check(!reg_read(DISK, REG_QUEUE_READY) &&
		      reg_read(DISK, REG_STATUS) & NEEDS_RESET,
	      name);
}

static void test_bad_queues(void)
{
	bad_queue(0, 0x200000, "a queue of no entries");
	bad_queue(3, 0x200000, "a queue of three entries");
	bad_queue(256, 0x200000, "a queue larger than offered");
	bad_queue(0x10040, 0x200000, "a queue's size of 17 bits");
	bad_queue(QUEUE, 0x200008, "a table that is not aligned");
	driver_start(DISK);
	reg_write(DISK, REG_NOTIFY, 1);
	reg_write(DISK, REG_NOTIFY, 0xffffffff);
	check_equal(disk(0, 0, SECTOR), 0, "a notification of no queue is nothing");
	/* Rings where no RAM is: found when they are read. */
	reg_write(DISK, REG_STATUS, 0);
	negotiate(0, 1);
	reg_write(DISK, REG_QUEUE_SEL, 0);
	reg_write(DISK, REG_QUEUE_SIZE, QUEUE);
	reg_write(DISK, REG_AVAIL + 4, 0x7fff);
	reg_write(DISK, REG_QUEUE_READY, 1);
	reg_write(DISK, REG_STATUS, STATUS_LIVE);
	reg_write(DISK, REG_NOTIFY, 0);
	check(reg_read(DISK, REG_STATUS) & NEEDS_RESET, "rings where no RAM is");
}

/* --- resets in flight: another CPU resets while requests are carried out --- */

static volatile bool over;

static void keep_resetting(unsigned index)
{
	while (!over) {
		reg_write(DISK, REG_STATUS, 0);
		driver_start(DISK);
	}
}

static void test_resets(void)
{
	cpu_start_all(keep_resetting);
	for (u32 i = 0; i < RESETS; i++) {
		offer_request(i & 1, 0, sizeof(data));
		reg_write(DISK, REG_NOTIFY, 0);
	}
	over = true;
	delay_tsc(200000);
	driver_start(DISK);
	check_equal(disk(0, 0, SECTOR), 0, "after resets in flight it works again");
}

int main(void)
{
	if (has_option("echo"))
		net_echo();
	if (has_option("flood"))
		net_flood();
	if (has_option("ping")) {
		net_ping();
		return 0;
	}
	test_identity();
	test_negotiation();
	test_disk();
	test_interrupt();
	test_bad_rings();
	test_bad_queues();
	if (cpu_count() > 1)
		test_resets();
	return 0;
}
