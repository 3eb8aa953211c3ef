// SPDX-License-Identifier: MIT
/* GRUB module lines -> VM descriptions. The lines are a user's words: what is
 * wrong is said in his, and only the VM it is wrong with does not start. */
#include "vmdesc.h"
#include "assert.h"
#include "printk.h"
#include "string.h"
#include "vcpu/vmdesc_dev.h"

#define WORD_MAX 256 /* with its NUL; a list of 64 CPUs fits */
#define LINE_MAX (VM_ERROR_MAX + 64)
#define SHOWN 32 /* bytes of a user's word repeated in a message */
#define CPU_MASK_BITS 64

static_assert(MAX_CPUS <= CPU_MASK_BITS, "a CPU mask is one word");

struct parser {
	struct vm_desc *out;
	unsigned count;
	unsigned max;
	void (*complain)(const char *line);
	unsigned image_count; /* of images[] below */
};

static struct disk_image images[MAX_MODULES]; /* boot CPU only */

/* One module line, taken apart. */
struct line {
	unsigned number; /* of the module, from 0 */
	const struct boot_module *module;
	char name[WORD_MAX];
	char image[IMAGE_NAME_MAX +
		   1]; /* not empty: it is the content of disks, not a VM's */
	bool is_initrd;
	const char *options; /* where the words are */
	const char *cmdline; /* behind "--" */
};

/* --- words and numbers --- */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static const char *skip_blanks(const char *s)
{
	while (is_blank(*s))
		s++;
	return s;
}

/* The next word, cut to WORD_MAX. Returns what follows; NULL: none left. */
static const char *next_word(const char *s, char *word)
{
	size_t length = 0;

	s = skip_blanks(s);
	if (!*s)
		return NULL;
	for (; *s && !is_blank(*s); s++) {
		if (length + 1 < WORD_MAX)
			word[length++] = *s;
	}
	word[length] = '\0';
	return s;
}

/* A decimal number at *s; moves *s behind it. False: none, or too big. */
static bool parse_number(const char **s, u64 *value)
{
	u64 n = 0;

	if (!is_digit(**s))
		return false;
	for (; is_digit(**s); (*s)++) {
		if (__builtin_mul_overflow(n, 10, &n) ||
		    __builtin_add_overflow(n, (u64)(**s - '0'), &n))
			return false;
	}
	*value = n;
	return true;
}

static bool parse_whole_number(const char *s, u64 min, u64 max, u64 *value)
{
	return parse_number(&s, value) && !*s && *value >= min && *value <= max;
}

static unsigned suffix_shift(char c)
{
	switch (c) {
	case 'K':
	case 'k':
		return 10;
	case 'M':
	case 'm':
		return 20;
	case 'G':
	case 'g':
		return 30;
	default:
		return 0;
	}
}

/* One of two words; *out: it was the first. */
static bool parse_choice(const char *value, const char *yes, const char *no, bool *out)
{
	*out = !strcmp(value, yes);
	return *out || !strcmp(value, no);
}

static bool parse_switch(const char *value, bool *out)
{
	return parse_choice(value, "on", "off", out);
}

/* --- the keys --- */

static bool parse_vcpus(const char *value, struct vm_desc *vm)
{
	u64 n;

	if (!parse_whole_number(value, 1, MAX_VCPUS, &n))
		return false;
	vm->vcpus = (unsigned)n;
	return true;
}

static bool parse_mem(const char *value, struct vm_desc *vm)
{
	unsigned shift;
	u64 n;

	if (!parse_number(&value, &n))
		return false;
	shift = suffix_shift(*value);
	if (shift)
		value++;
	if (*value || n > VM_MEM_MAX >> shift)
		return false;
	vm->mem_bytes = n << shift;
	return vm->mem_bytes >= VM_MEM_MIN && IS_ALIGNED(vm->mem_bytes, PAGE_SIZE);
}

/* "3" or "0-2" at *s. */
static bool parse_cpu_range(const char **s, u64 *mask)
{
	u64 first, last;

	if (!parse_number(s, &first))
		return false;
	last = first;
	if (**s == '-') {
		(*s)++;
		if (!parse_number(s, &last))
			return false;
	}
	if (first > last || last >= MAX_CPUS)
		return false;
	*mask |= MASK(last, first);
	return true;
}

static bool parse_cpus(const char *value, struct vm_desc *vm)
{
	vm->cpu_mask = 0;
	while (parse_cpu_range(&value, &vm->cpu_mask)) {
		if (!*value)
			return true;
		if (*value++ != ',')
			return false;
	}
	return false;
}

static bool parse_weight(const char *value, struct vm_desc *vm)
{
	u64 n;

	if (!parse_whole_number(value, 1, VM_WEIGHT_MAX, &n))
		return false;
	vm->weight = (unsigned)n;
	return true;
}

static bool parse_kvm(const char *value, struct vm_desc *vm)
{
	return parse_switch(value, &vm->kvm);
}

static bool parse_pv_eoi(const char *value, struct vm_desc *vm)
{
	return parse_switch(value, &vm->pv_eoi);
}

static bool parse_x2apic(const char *value, struct vm_desc *vm)
{
	return parse_switch(value, &vm->x2apic);
}

static bool parse_pic(const char *value, struct vm_desc *vm)
{
	return parse_switch(value, &vm->pic);
}

static bool parse_start(const char *value, struct vm_desc *vm)
{
	return parse_switch(value, &vm->starts);
}

static bool parse_reset(const char *value, struct vm_desc *vm)
{
	return parse_choice(value, "restart", "end", &vm->restarts);
}

static bool parse_triple(const char *value, struct vm_desc *vm)
{
	return parse_choice(value, "reset", "stop", &vm->triple_resets);
}

static bool parse_vcon(const char *value, struct vm_desc *vm)
{
	return parse_switch(value, &vm->vcon);
}

/* vm= and initrd are not here: they say which VM the line is about. */
static const struct key {
	const char *name;
	bool (*parse)(const char *value, struct vm_desc *vm);
	const char *help; /* what the value must be */
} keys[] = {
	{"vcpus", parse_vcpus, "a number from 1 to 64"},
	{"mem", parse_mem, "a size from 2M to 1024G, such as 256M"},
	{"cpus", parse_cpus, "a list such as 0-1,3 of CPUs below 64"},
	{"weight", parse_weight, "a number from 1 to 10000"},
	{"kvm", parse_kvm, "on or off"},
	{"pv-eoi", parse_pv_eoi, "on or off"},
	{"x2apic", parse_x2apic, "on or off"},
	{"pic", parse_pic, "on or off"},
	{"start", parse_start, "on or off"},
	{"reset", parse_reset, "restart or end"},
	{"triple", parse_triple, "stop or reset"},
	{"vcon", parse_vcon, "on or off"},
	{"net", vmdesc_parse_net, "SWITCH or SWITCH,02:00:00:00:00:01, at most 4 times"},
	{"disk", vmdesc_parse_disk, "IMAGE, IMAGE:ro or IMAGE:cow, at most 3 times"},
};

static_assert(MAX_VCPUS == 64 && MAX_CPUS == 64, "the help texts above say so");
static_assert(VM_NICS_MAX == 4 && VM_DISKS_MAX == 3, "so do those on net and disk");
static_assert(VM_MEM_MIN == MIB(2) && VM_MEM_MAX == GIB(1024), "so does the help on mem");

static bool may_repeat(const struct key *key)
{
	return key->parse == vmdesc_parse_net || key->parse == vmdesc_parse_disk;
}

static const struct key *find_key(const char *word, size_t length)
{
	for (unsigned i = 0; i < ARRAY_SIZE(keys); i++) {
		if (strlen(keys[i].name) == length &&
		    !strncmp(keys[i].name, word, length))
			return &keys[i];
	}
	return NULL;
}

/* --- errors --- */

/* Set the VM's error, if it has none yet, and say it in any case. A user's bytes
 * that a terminal might obey are replaced. */
static void refuse(struct parser *p, unsigned module, struct vm_desc *vm,
		   const char *reason)
{
	char text[LINE_MAX];

	format(text, sizeof(text), "module %u (vm %s): %s", module, vm->name, reason);
	for (char *c = text; *c; c++) {
		if (*c < ' ' || *c > '~')
			*c = '?';
	}
	p->complain(text);
	if (!vm->error[0])
		string_copy(vm->error, text, sizeof(vm->error));
}

static void refuse_word(struct parser *p, unsigned module, struct vm_desc *vm,
			const char *word, const char *reason)
{
	char text[VM_ERROR_MAX];

	format(text, sizeof(text), "%.*s: %s", SHOWN, word, reason);
	refuse(p, module, vm, text);
}

/* --- lines --- */

/* Find the name, "initrd" and "--"; the other words are for later. */
static void split_line(const struct boot_module *module, unsigned number,
		       struct line *line)
{
	char word[WORD_MAX];
	const char *s;

	line->number = number;
	line->module = module;
	line->is_initrd = false;
	line->image[0] = '\0';
	line->cmdline = "";
	line->options = skip_blanks(module->cmdline);
	format(line->name, sizeof(line->name), "vm%u", number);
	/* Some loaders put the file's name first. */
	if (*line->options == '/' || *line->options == '(')
		line->options = next_word(line->options, word);
	for (s = line->options; (s = next_word(s, word));) {
		if (!strcmp(word, "--")) {
			line->cmdline = skip_blanks(s);
			return;
		}
		if (!strncmp(word, "vm=", 3))
			string_copy(line->name, word + 3, sizeof(line->name));
		if (!strncmp(word, "image=", 6))
			string_copy(line->image, word + 6, sizeof(line->image));
		line->is_initrd |= !strcmp(word, "initrd");
	}
}

static struct vm_desc *add_vm(struct parser *p, const char *name)
{
	struct vm_desc *vm = &p->out[p->count++];

	memset(vm, 0, sizeof(*vm));
	string_copy(vm->name, name, sizeof(vm->name));
	vm->vcpus = 1;
	vm->mem_bytes = VM_MEM_DEFAULT;
	vm->weight = VM_WEIGHT_DEFAULT;
	vm->kvm = true;
	vm->pv_eoi = true;
	vm->x2apic = true;
	vm->restarts = true;
	vm->starts = true;
	return vm;
}

/* The VM a line is about; NULL: no room for one more. */
static struct vm_desc *vm_of_line(struct parser *p, const struct line *line)
{
	struct vm_desc *vm;
	char number[VM_NAME_MAX];

	for (unsigned i = 0; i < p->count; i++) {
		if (!strcmp(p->out[i].name, line->name))
			return &p->out[i];
	}
	if (p->count == p->max)
		return NULL;
	if (vmdesc_is_good_name(line->name))
		return add_vm(p, line->name);
	format(number, sizeof(number), "vm%u", line->number);
	vm = add_vm(p, number);
	refuse_word(p, line->number, vm, line->name,
		    "a name has 1 to 15 letters, digits, - _ or .");
	return vm;
}

static void parse_option(struct parser *p, const struct line *line, struct vm_desc *vm,
			 const char *word, u32 *seen)
{
	const char *value = strchr(word, '=');
	const struct key *key = value ? find_key(word, (size_t)(value - word)) : NULL;
	char reason[VM_ERROR_MAX];

	if (!strncmp(word, "vm=", 3) || !strcmp(word, "initrd"))
		return;
	if (!key) {
		refuse_word(p, line->number, vm, word, "unknown option");
		return;
	}
	if (line->is_initrd || (*seen & BIT(key - keys) && !may_repeat(key))) {
		refuse_word(p, line->number, vm, word,
			    line->is_initrd ? "belongs on the kernel's line"
					    : "given twice");
		return;
	}
	*seen |= (u32)BIT(key - keys);
	if (key->parse(value + 1, vm))
		return;
	format(reason, sizeof(reason), "must be %s", key->help);
	refuse_word(p, line->number, vm, word, reason);
}

static void parse_options(struct parser *p, const struct line *line, struct vm_desc *vm)
{
	char word[WORD_MAX];
	const char *s = line->options;
	u32 seen = 0;

	while ((s = next_word(s, word)) && strcmp(word, "--"))
		parse_option(p, line, vm, word, &seen);
}

/* A line that is the content of disks: one word, its name. */
static void parse_image(struct parser *p, const struct line *line)
{
	struct disk_image *image = &images[p->image_count];
	char word[WORD_MAX], text[LINE_MAX];
	const char *why = NULL;

	if (*skip_blanks(next_word(line->options, word)) || *line->cmdline)
		why = "image= stands alone on its line";
	else if (!vmdesc_is_good_name(line->image))
		why = "an image's name has 1 to 15 letters, digits, - _ or .";
	for (unsigned i = 0; !why && i < p->image_count; i++) {
		if (!strcmp(images[i].name, line->image))
			why = "a second image of this name";
	}
	if (why) {
		format(text, sizeof(text), "module %u: %s", line->number, why);
		p->complain(text);
		return;
	}
	string_copy(image->name, line->image, sizeof(image->name));
	image->module = line->module;
	p->image_count++;
}

static void parse_line(struct parser *p, const struct line *line)
{
	struct vm_desc *vm;
	char text[LINE_MAX];

	if (line->image[0]) {
		parse_image(p, line);
		return;
	}
	vm = vm_of_line(p, line);
	if (!vm) {
		format(text, sizeof(text),
		       "module %u: more than %u VMs, this one is left out", line->number,
		       p->max);
		p->complain(text);
		return;
	}
	parse_options(p, line, vm);
	if (line->is_initrd) {
		if (vm->initrd)
			refuse(p, line->number, vm, "a second initrd of the same VM");
		vm->initrd = line->module;
		return;
	}
	if (vm->kernel)
		refuse(p, line->number, vm, "a second kernel of the same VM");
	vm->kernel = line->module;
	string_copy(vm->cmdline, line->cmdline, sizeof(vm->cmdline));
}

/* What can be judged only when all lines are read. */
static void check_whole(struct parser *p, const struct bootinfo *info, struct vm_desc *vm)
{
	const char *missing;

	if (!vm->kernel) {
		refuse(p, (unsigned)(vm->initrd - info->modules), vm,
		       "an initrd without a kernel");
		return;
	}
	missing = vmdesc_find_images(vm, images, p->image_count);
	if (missing)
		refuse_word(p, (unsigned)(vm->kernel - info->modules), vm, missing,
			    "disk= names it, but no module has image= with it");
}

unsigned vmdesc_parse(const struct bootinfo *info, struct vm_desc *out, unsigned max,
		      void (*complain)(const char *line))
{
	struct parser p = {.out = out, .max = max, .complain = complain};
	struct line line;

	for (unsigned i = 0; i < info->module_count; i++) {
		split_line(&info->modules[i], i, &line);
		parse_line(&p, &line);
	}
	for (unsigned i = 0; i < p.count; i++)
		check_whole(&p, info, &out[i]);
	return p.count;
}
