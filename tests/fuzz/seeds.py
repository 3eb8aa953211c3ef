#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What each fuzz target begins with: small inputs that are right, so that the fuzzer
need not find every magic number itself.   seeds.py DIR   writes DIR/TARGET/N."""
import os
import struct
import sys


def u16(*words):
    return struct.pack(f"<{len(words)}H", *words)


def u32(*words):
    return struct.pack(f"<{len(words)}I", *words)


def u64(*words):
    return struct.pack(f"<{len(words)}Q", *words)


def at(image, offset, piece):
    image[offset:offset + len(piece)] = piece


# --- boot/multiboot2.c ---

def tag(kind, body):
    size = 8 + len(body)
    return u32(kind, size) + body + bytes(-size % 8)


def multiboot2(*tags):
    body = b"".join(tags) + tag(0, b"")
    return u32(8 + len(body), 0) + body


def memory_map(*entries):
    return tag(6, u32(24, 0) + b"".join(u64(base, size) + u32(kind, 0)
                                        for base, size, kind in entries))


MULTIBOOT2 = (
    multiboot2(),
    multiboot2(tag(1, b"end=exit\0"), tag(2, b"GRUB 2.06\0"),
               tag(3, u32(0x200000, 0x201000) + b"vm=a mem=16M\0"),
               memory_map((0, 0x9fc00, 1), (0x9fc00, 0x400, 2), (0x100000, 1 << 28, 1),
                          (0xfffc0000, 0x40000, 2), (1 << 32, 1 << 30, 1)),
               tag(15, b"RSD PTR \0SPUR  \2" + bytes(20))),
    multiboot2(tag(14, b"RSD PTR \0SPUR  \0" + bytes(4)),
               memory_map((0x5000, 0x3000, 1), (0x6000, 0x1000, 2), (0x6000, 0, 1))),
)


# --- arch/x86/acpi.c: a byte, the root pointer, memory from 0xe0000 ---

def table(signature, body):
    return signature + u32(36 + len(body)) + b"\1\0SPUR  SPURTEST" + bytes(12) + body


def acpi(wide):
    base, memory = 0xe0000, bytearray(0x500)
    madt = u32(0xfee00000, 1) + bytes((0, 8, 0, 0, 1, 0, 0, 0)) + \
        bytes((1, 12, 1, 0)) + u32(0xfec00000, 0) + \
        bytes((2, 10, 0, 0)) + u32(2) + u16(0xd) + \
        bytes((9, 16, 0, 0)) + u32(5, 1, 0)
    aml = b"\x08_S5_\x12\x06\x04\x0a\x05\x0a\x05\0\0"
    fadt = bytearray(244 - 36)
    at(fadt, 4, u32(base + 0x400))
    at(fadt, 64 - 36, u32(0x604))
    at(fadt, 76 - 36, u32(0x608))
    at(fadt, 116 - 36, bytes((1, 8, 0, 0)) + u64(0xcf9) + b"\6")
    at(memory, 0x80, table(b"APIC", madt))
    at(memory, 0x200, table(b"FACP", bytes(fadt)))
    at(memory, 0x400, table(b"DSDT", aml))
    pointers = (base + 0x80, base + 0x200)
    at(memory, 0, table(b"XSDT", u64(*pointers)) if wide else
       table(b"RSDT", u32(*pointers)))
    root = b"RSD PTR \0SPUR  " + (b"\2" if wide else b"\0") + u32(base)
    return b"\0" + root + u32(36) + u64(base) + bytes(4) + bytes(memory)


# --- vcpu/vmdesc.c ---

VMDESC = (
    b"vm=a\n",
    b"vm=web mem=512M cpus=0-1,3 weight=200 vcpus=4 -- console=ttyS0\nvm=web initrd\n",
    b"image=d\nvm=a disk=d:cow net=lan vcon=on triple=reset kvm=off x2apic=off mem=4G\n",
    b"vcpus=0\nvm=b turbo=on\nvm=b mem=1M\nvm=c cpus=63-0 weight=10001\n",
)


# --- vcpu/loader.c: RAM in MiB - 1, initrd in 512 bytes, image ---

def image(body, ram=255, initrd=8):
    return u16(ram, initrd) + bytes(body)


def linux():
    kernel = bytearray(0x1000)
    at(kernel, 0x1f1, b"\1")
    at(kernel, 0x1fe, u16(0xaa55))
    at(kernel, 0x200, b"\xeb\x6a" + b"HdrS" + u16(0x20f))
    at(kernel, 0x211, b"\1")
    at(kernel, 0x22c, u32(0x7fffffff, 0x200000) + b"\1\x15" + u16(0x7f) + u32(2047))
    at(kernel, 0x258, u64(0x1000000) + u32(0x20000))
    return kernel


def elf(wide, note):
    """note: a multiboot header, put at 512."""
    body = bytearray(0x800)
    ident = b"\x7fELF" + (b"\2" if wide else b"\1") + b"\1\1" + bytes(9)
    if wide:
        at(body, 0, ident + u16(2, 62) + u32(1) + u64(0x100000, 64, 0) + u32(0) +
           u16(64, 56, 1, 64, 0, 0))
        at(body, 64, u32(1, 5) + u64(0x400, 0x100000, 0x100000, 0x400, 0x1000, 0x1000))
    else:
        at(body, 0, ident + u16(2, 3) + u32(1, 0x100000, 52, 0, 0) +
           u16(52, 32, 1, 40, 0, 0))
        at(body, 52, u32(1, 0x400, 0x100000, 0x100000, 0x400, 0x1000, 5, 0x1000))
    at(body, 512, note)
    return body


def multiboot1_header(flags, *addresses):
    magic = 0x1badb002
    return u32(magic, flags, -(magic + flags) & 0xffffffff, *addresses)


def multiboot2_header(*tags):
    magic, body = 0xe85250d6, b"".join(tags) + u16(0, 0) + u32(8)
    length = 16 + len(body)
    return u32(magic, 0, length, -(magic + length) & 0xffffffff) + body


def flat(header):
    body = bytearray(0x600)
    at(body, 0x40, header)
    return body


MULTIBOOT = (
    image(flat(multiboot1_header(0x10003, 0x100040, 0x100000, 0x100600, 0x101000,
                                 0x100100))),
    image(flat(multiboot2_header(
        u16(2, 0) + u32(24, 0x100040, 0x100000, 0x100600, 0x101000),
        u16(3, 0) + u32(12, 0x100100) + bytes(4),
        u16(1, 0) + u32(12, 6) + bytes(4)))),
    image(flat(multiboot2_header(u16(6, 0) + u32(8)))),
)


# --- vcpu/mmio.c: mode, registers, then (where, length, instruction)... ---

def mmio(mode, *instructions):
    return bytes((mode,)) + bytes(16) + b"".join(
        u16(where) + bytes((len(code),)) + code for where, code in instructions)


TPR, IOAPIC, HPET, VIRTIO = 0x80, 0x4000, 0x8000, 0xc000

MMIO = (
    mmio(3, (TPR, b"\x89\x07"), (TPR, b"\x8b\x0f"), (TPR, b"\x66\x8b\x17"),
         (TPR, b"\xc7\x07\xf5\0\0\0"), (TPR, b"\x48\x0f\xbe\x17"), (TPR, b"\x87\x07"),
         (TPR, b"\x83\x0f\x40"), (TPR, b"\xf6\x07\x08")),
    mmio(4, (TPR, b"\xa3\x80\0\xe0\xfe"), (IOAPIC, b"\x89\x07"),
         (IOAPIC + 0x10, b"\x8b\x0f")),
    mmio(0, (TPR, b"\x67\x66\x8b\x04\x25\0\0\0\0"), (0x300, b"\x66\xc7\x06\0\0\1\0\0\0")),
    mmio(3, (VIRTIO, b"\x8b\x07"), (VIRTIO + 0x70, b"\xc7\x07\1\0\0\0"),
         (HPET, b"\x48\x8b\x07"), (VIRTIO + 0x100, b"\x8a\x07")),
)


# --- vcpu/translate.c: mode, accesses, CR3, four addresses, (index, entry)... ---

def translate(mode, cr3, gva, *entries):
    return bytes((mode, 0x5a)) + u32(cr3) + u64(*gva) + b"".join(
        u16(where // 8) + u64(entry) for where, entry in entries)


PG, WP, PAE, PSE, LA57, LMA, NXE, USER = (1 << n for n in range(8))

TRANSLATE = (
    translate(0, 0, (0x123, 0x3fff, 1 << 40, 0)),
    translate(PG | WP | PAE | LMA | NXE, 0, (0x123, 0x1ff8, 0x200000, 1 << 39),
              (0, 0x1007), (0x1000, 0x2007), (0x2000, 0x3007), (0x3000, 0x7),
              (0x3008, 1 << 63 | 0x1007), (0x2008, 0x87)),
    translate(PG | PAE | LA57 | LMA, 0, (0, 0x1000, 0x2000, 0x3000), (0, 0x1003),
              (0x1000, 0x1003)),
    translate(PG | PAE | USER, 0x20, (0, 0x1000, 1 << 30, 0), (0x20, 0x1001),
              (0x1000, 0x2007), (0x2000, 0x3007)),
    translate(PG | PSE | WP, 0, (0, 0x1000, 0x400000, 0x800000),
              (0, 0x83 << 32 | 0x1007), (0x1000, 0x2007 << 32 | 0x3007)),
)


# --- vcpu/dev/virtqueue.c: size, options, indexes, rings, what to do, memory ---

def virtqueue(options, descriptors, heads):
    memory = bytearray(0x600)
    for n, (gpa, size, flags, following) in enumerate(descriptors):
        at(memory, n * 16, u64(gpa) + u32(size) + u16(flags, following))
    at(memory, 0x200, u16(0, len(heads), *heads))
    return bytes((8, options)) + u16(0, 0, 0, 0x200, 0x400) + bytes(range(1, 9)) + memory


VIRTQUEUE = (
    virtqueue(0, ((0x1000, 16, 1, 1), (0x2000, 32, 2, 0)), (0,)),
    virtqueue(1, ((0x1000, 16, 0, 0), (0x2000, 8, 2, 0), (0x500, 32, 4, 0)), (0, 1, 2)),
    virtqueue(0, ((0x1000, 16, 1, 1), (0x1000, 16, 1, 0)), (0,)),
)

SEEDS = {
    "multiboot2": MULTIBOOT2,
    "acpi": (acpi(False), acpi(True)),
    "vmdesc": VMDESC,
    "linux": (image(linux()),),
    "elf": (image(elf(True, multiboot1_header(3))),
            image(elf(False, multiboot1_header(3))),
            image(elf(True, multiboot2_header()))),
    "multiboot": MULTIBOOT,
    "mmio": MMIO,
    "translate": TRANSLATE,
    "virtqueue": VIRTQUEUE,
}


def main():
    for target, inputs in SEEDS.items():
        folder = os.path.join(sys.argv[1], target)
        os.makedirs(folder, exist_ok=True)
        for n, data in enumerate(inputs):
            with open(os.path.join(folder, str(n)), "wb") as file:
                file.write(data)


if __name__ == "__main__":
    main()
