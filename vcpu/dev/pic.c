// SPDX-License-Identifier: MIT
/* Two cascaded 8259As. Owns vm->pic, under device_lock; called by port I/O, by devices'
 * lines and by injection. An edge stays latched when its line falls before it is
 * acknowledged. Special fully nested mode is not there. */
#include "vcpu/dev/pic.h"
#include "atomic.h"
#include "bits.h"
#include "vcpu/pio.h"
#include "vcpu/vm.h"

#define CASCADE 2 /* the master's line of the slave */
#define SPURIOUS 7
#define NO_LINE (-1)
#define MASTER_BASE 0x08
#define SLAVE_BASE 0x70

#define ICW1 BIT(4)
#define ICW1_NEEDS_ICW4 BIT(0)
#define ICW1_SINGLE BIT(1)
#define ICW4_AUTO_EOI BIT(1)
#define OCW3 BIT(3)
#define OCW3_READ BIT(1)
#define OCW3_READ_ISR BIT(0)
#define OCW3_POLL BIT(2)
#define OCW3_SET_SPECIAL_MASK BIT(6)
#define OCW3_SPECIAL_MASK BIT(5)
#define OCW2_EOI BIT(5)
#define OCW2_SPECIFIC BIT(6)
#define OCW2_ROTATE BIT(7)
#define OCW2_LINE 7
#define POLL_INTERRUPT 0x80

/* Of each chip: lines 0, 1, 2, 8 and 13 are always edges. */
static const u8 may_be_level[2] = {0xf8, 0xde};

/* The first line of the set in the order of priority. */
static int highest(const struct pic_chip *chip, u8 set)
{
	for (unsigned i = 1; i <= 8; i++) {
		unsigned line = (chip->lowest + i) & 7;

		if (set & BIT(line))
			return (int)line;
	}
	return NO_LINE;
}

static unsigned rank(const struct pic_chip *chip, int line)
{
	return ((unsigned)line - chip->lowest - 1) & 7;
}

/* The line that it asks to be served, behind what is in service. */
static int request(const struct pic_chip *chip)
{
	int line = highest(chip, chip->irr & (u8)~chip->imr);
	u8 in_service = chip->special_mask ? chip->isr & (u8)~chip->imr : chip->isr;
	int serving = highest(chip, in_service);

	if (line == NO_LINE || serving == NO_LINE)
		return line;
	return rank(chip, line) < rank(chip, serving) ? line : NO_LINE;
}

static void chip_set_line(struct pic_chip *chip, unsigned line, bool level)
{
	u8 bit = (u8)BIT(line);
	bool rises = level && !(chip->lines & bit);

	chip->lines = level ? chip->lines | bit : chip->lines & (u8)~bit;
	if (chip->level & bit)
		chip->irr = level ? chip->irr | bit : chip->irr & (u8)~bit;
	else if (rises)
		chip->irr |= bit;
}

/* The slave's output is a line of the master's, whose own goes to the processor. */
static void update(struct vm *vm)
{
	struct pic *pic = &vm->pic;
	u32 output;

	pic->chip[0].irr &= (u8)~BIT(CASCADE);
	if (request(&pic->chip[1]) != NO_LINE)
		pic->chip[0].irr |= BIT(CASCADE);
	output = request(&pic->chip[0]) != NO_LINE;
	if (output == READ_ONCE(pic->output))
		return;
	WRITE_ONCE(pic->output, output); /* KICK: payload of EVENT */
	if (output)
		vcpu_request(REQ_EVENT, vm->vcpus[0]);
}

void pic_set_line(struct vm *vm, unsigned line, bool level)
{
	if (!vm->pic.present || line >= PIC_LINES || line == CASCADE)
		return;
	chip_set_line(&vm->pic.chip[line / 8], line % 8, level);
	update(vm);
}

/* --- acknowledgement --- */

static void acknowledge(struct pic_chip *chip, int line)
{
	u8 bit = (u8)BIT(line);

	if (!(chip->level & bit))
		chip->irr &= (u8)~bit;
	if (!chip->auto_eoi)
		chip->isr |= bit;
	else if (chip->rotates)
		chip->lowest = (u8)line;
}

/* A request that is gone by now is a spurious one, without a bit in ISR. */
static unsigned take(struct pic_chip *chip)
{
	int line = request(chip);

	if (line == NO_LINE)
		return SPURIOUS;
	acknowledge(chip, line);
	return (unsigned)line;
}

u8 pic_acknowledge(struct vm *vm)
{
	struct pic_chip *master = &vm->pic.chip[0], *slave = &vm->pic.chip[1];
	unsigned vector;

	spin_lock(&vm->device_lock);
	vector = take(master);
	if (vector == CASCADE)
		vector = slave->base + take(slave);
	else
		vector += master->base;
	update(vm);
	spin_unlock(&vm->device_lock);
	return (u8)vector;
}

bool pic_has_work(const struct vcpu *vcpu)
{
	/* KICK: payload; looked at after the request. */
	return vcpu->index == 0 && READ_ONCE(vcpu->vm->pic.output) &&
	       vlapic_takes_extint(vcpu);
}

/* --- commands --- */

static void initialize(struct pic_chip *chip, u8 icw1)
{
	u8 level = chip->level, lines = chip->lines, base = chip->base;

	*chip = (struct pic_chip){
		.level = level,
		.lines = lines,
		.irr = lines & level,
		.base = base,
		.lowest = 7,
		.step = 2,
		.single = icw1 & ICW1_SINGLE,
		.needs_icw4 = icw1 & ICW1_NEEDS_ICW4,
	};
}

static void ocw3_write(struct pic_chip *chip, u8 value)
{
	if (value & OCW3_SET_SPECIAL_MASK)
		chip->special_mask = value & OCW3_SPECIAL_MASK;
	chip->poll = value & OCW3_POLL;
	if (value & OCW3_READ)
		chip->read_isr = value & OCW3_READ_ISR;
}

static void ocw2_write(struct pic_chip *chip, u8 value)
{
	bool specific = value & OCW2_SPECIFIC;
	int line = specific ? value & OCW2_LINE : highest(chip, chip->isr);

	if (!(value & OCW2_EOI)) {
		if (!specific)
			chip->rotates = value & OCW2_ROTATE;
		else if (value & OCW2_ROTATE)
			chip->lowest = (u8)line;
		return;
	}
	if (line == NO_LINE)
		return;
	chip->isr &= (u8)~BIT(line);
	if (value & OCW2_ROTATE)
		chip->lowest = (u8)line;
}

static void command_write(struct pic_chip *chip, u8 value)
{
	if (value & ICW1)
		initialize(chip, value);
	else if (value & OCW3)
		ocw3_write(chip, value);
	else
		ocw2_write(chip, value);
}

static void data_write(struct pic_chip *chip, u8 value)
{
	switch (chip->step) {
	case 2:
		chip->base = value & 0xf8;
		chip->step = !chip->single ? 3 : chip->needs_icw4 ? 4 : 0;
		break;
	case 3: /* which line is the slave's: always the same */
		chip->step = chip->needs_icw4 ? 4 : 0;
		break;
	case 4:
		chip->auto_eoi = value & ICW4_AUTO_EOI;
		chip->step = 0;
		break;
	default:
		chip->imr = value;
	}
}

/* --- ports --- */

static struct pic_chip *chip_of(struct vm *vm, u16 port)
{
	return &vm->pic.chip[port >= PIC_ELCR ? port & 1 : port >= PIC_SLAVE];
}

static u32 poll(struct vm *vm, struct pic_chip *chip)
{
	int line = request(chip);

	chip->poll = false;
	if (line == NO_LINE)
		return 0;
	acknowledge(chip, line);
	update(vm);
	return POLL_INTERRUPT | (u32)line;
}

u32 pic_read(struct vcpu *vcpu, u16 port, unsigned bytes)
{
	struct pic_chip *chip = chip_of(vcpu->vm, port);

	if (!vcpu->vm->pic.present)
		return PIO_ONES;
	if (port >= PIC_ELCR)
		return chip->level;
	if (chip->poll)
		return poll(vcpu->vm, chip);
	if (port & 1)
		return chip->imr;
	return chip->read_isr ? chip->isr : chip->irr;
}

void pic_write(struct vcpu *vcpu, u16 port, unsigned bytes, u32 value)
{
	struct pic_chip *chip = chip_of(vcpu->vm, port);

	if (!vcpu->vm->pic.present)
		return;
	if (port >= PIC_ELCR)
		chip->level = (u8)value & may_be_level[port & 1];
	else if (port & 1)
		data_write(chip, (u8)value);
	else
		command_write(chip, (u8)value);
	update(vcpu->vm);
}

void pic_init(struct pic *pic)
{
	*pic = (struct pic){
		.present = true,
		.chip = {{.base = MASTER_BASE, .lowest = 7},
			 {.base = SLAVE_BASE, .lowest = 7}},
	};
}
