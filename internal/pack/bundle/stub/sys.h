/* What programs without a libc need of Linux and of ELF, on every processor that bundles run on. */
typedef unsigned long word; /* as wide as a pointer on every Linux ABI */
typedef long sword;

struct ehdr {
	unsigned char ident[16];
	unsigned short type, machine;
	unsigned int version;
	word entry, phoff, shoff;
	unsigned int flags;
	unsigned short ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};
#if __SIZEOF_POINTER__ == 8
struct phdr {
	unsigned int type, flags;
	word offset, vaddr, paddr, filesz, memsz, align;
};
#else
struct phdr {
	unsigned int type;
	word offset, vaddr, paddr, filesz, memsz;
	unsigned int flags;
	word align;
};
#endif

/* START makes main, which gets the stack as the kernel left it, the first thing that runs; the
 * program goes on, with that stack, at the address it returns. */

enum {
	PT_LOAD = 1, PT_DYNAMIC = 2, PT_INTERP = 3, PT_PHDR = 6,
	PF_X = 1, PF_W = 2, PF_R = 4,
	AT_PHDR = 3, AT_PHNUM = 5, AT_PAGESZ = 6, AT_BASE = 7, AT_ENTRY = 9, AT_SECURE = 23, AT_EXECFN = 31,
	PROT_READ = 1, PROT_WRITE = 2, PROT_EXEC = 4,
	MAP_PRIVATE = 2, MAP_FIXED = 16, MAP_ANONYMOUS = 32,
	AT_FDCWD = -100,
};

#if defined(__x86_64__)
enum { SYS_read = 0, SYS_write = 1, SYS_close = 3, SYS_mmap = 9, SYS_munmap = 11, SYS_getcwd = 79,
	SYS_exit_group = 231, SYS_openat = 257, SYS_readlinkat = 267, O_CLOEXEC = 02000000 };
#define START(main) __asm__( \
	".section .text.start,\"ax\"\n" \
	".globl _start\n" \
	"_start: endbr64\n" \
	"xor %ebp, %ebp\n" \
	"mov %rsp, %rbx\n" \
	"mov %rsp, %rdi\n" \
	"and $-16, %rsp\n" \
	"call " #main "\n" \
	"mov %rbx, %rsp\n" \
	"xor %edx, %edx\n" \
	"jmp *%rax\n");
static sword call(sword n, word a, word b, word c, word d, word e, word f)
{
	sword r;
	register word r10 __asm__("r10") = d;
	register word r8 __asm__("r8") = e;
	register word r9 __asm__("r9") = f;
	__asm__ volatile("syscall" : "=a"(r) : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
		: "rcx", "r11", "memory");
	return r;
}
#elif defined(__aarch64__) || defined(__riscv)
enum { SYS_getcwd = 17, SYS_openat = 56, SYS_close = 57, SYS_read = 63, SYS_write = 64, SYS_readlinkat = 78,
	SYS_exit_group = 94, SYS_munmap = 215, SYS_mmap = 222, O_CLOEXEC = 02000000 };
#if defined(__aarch64__)
#define START(main) __asm__( \
	".section .text.start,\"ax\"\n" \
	".globl _start\n" \
	"_start: hint #34\n" /* bti c */ \
	"mov x29, #0\n" \
	"mov x30, #0\n" \
	"mov x19, sp\n" \
	"mov x0, sp\n" \
	"bl " #main "\n" \
	"mov sp, x19\n" \
	"mov x16, x0\n" \
	"mov x0, #0\n" \
	"mov x30, #0\n" \
	"br x16\n");
#define NR "x8"
#define A(n) "x" #n
#define TRAP "svc #0"
#else
#define START(main) __asm__( \
	".section .text.start,\"ax\"\n" \
	".globl _start\n" \
	"_start: mv s1, sp\n" \
	"mv a0, sp\n" \
	"andi sp, sp, -16\n" \
	"call " #main "\n" \
	"mv sp, s1\n" \
	"mv t0, a0\n" \
	"li a0, 0\n" \
	"li ra, 0\n" \
	"jr t0\n");
#define NR "a7"
#define A(n) "a" #n
#define TRAP "ecall"
#endif
static sword call(sword n, word a, word b, word c, word d, word e, word f)
{
	register sword nr __asm__(NR) = n;
	register word r0 __asm__(A(0)) = a;
	register word r1 __asm__(A(1)) = b;
	register word r2 __asm__(A(2)) = c;
	register word r3 __asm__(A(3)) = d;
	register word r4 __asm__(A(4)) = e;
	register word r5 __asm__(A(5)) = f;
	__asm__ volatile(TRAP : "+r"(r0) : "r"(nr), "r"(r1), "r"(r2), "r"(r3), "r"(r4), "r"(r5) : "memory");
	return (sword)r0;
}
#elif defined(__arm__)
enum { SYS_read = 3, SYS_write = 4, SYS_close = 6, SYS_munmap = 91, SYS_getcwd = 183, SYS_mmap = 192 /* mmap2 */,
	SYS_exit_group = 248, SYS_openat = 322, SYS_readlinkat = 332, O_CLOEXEC = 02000000 };
#define START(main) __asm__( \
	".section .text.start,\"ax\",%progbits\n" \
	".arm\n" \
	".globl _start\n" \
	"_start: mov fp, #0\n" \
	"mov lr, #0\n" \
	"mov r4, sp\n" \
	"mov r0, sp\n" \
	"bic sp, sp, #7\n" \
	"bl " #main "\n" \
	"mov sp, r4\n" \
	"mov r12, r0\n" \
	"mov r0, #0\n" \
	"mov lr, #0\n" \
	"bx r12\n");
static sword call(sword n, word a, word b, word c, word d, word e, word f)
{
	register sword nr __asm__("r7") = n;
	register word r0 __asm__("r0") = a;
	register word r1 __asm__("r1") = b;
	register word r2 __asm__("r2") = c;
	register word r3 __asm__("r3") = d;
	register word r4 __asm__("r4") = e;
	register word r5 __asm__("r5") = f;
	__asm__ volatile("svc #0" : "+r"(r0) : "r"(nr), "r"(r1), "r"(r2), "r"(r3), "r"(r4), "r"(r5) : "memory");
	return (sword)r0;
}
#else
#error "no start code for this processor"
#endif

#define failed(r) ((word)(r) > (word)-4096)

static word length(const char *s)
{
	word n = 0;
	while (s[n])
		n++;
	return n;
}

static void say(const char *s)
{
	call(SYS_write, 2, (word)s, length(s), 0, 0, 0);
}
