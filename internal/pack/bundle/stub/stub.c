/*
 * The start of a relocatable program: what the kernel would do for PT_INTERP, with a
 * loader that lies beside the program instead of at an absolute place.
 *
 * Package bundle appends this code to a dynamically linked program, makes it the entry
 * point and takes PT_INTERP away from the program headers that the kernel reads. The
 * kernel then starts the program as if it were static: here. This code finds the folder
 * the program lies in, maps the dynamic loader from there, states in the auxiliary vector
 * what the kernel would have stated, and enters the loader. The loader sees the program
 * headers that the linker wrote and doesn't know the difference; /proc/self/exe, argv,
 * the environment and the debugger's view are those of an ordinary program.
 *
 * It stands alone: no libc, no relocations, no writable data.
 * "go generate" builds it; package bundle's tests check that the .bin files are this source.
 */
#include "sys.h"

/* What package bundle fills in behind the code. Addresses are those the program is linked at. */
struct config {
	word self;   /* address of this struct */
	word entry;  /* entry point of the program */
	word phdr;   /* program headers for the loader */
	word phnum;
	word rpath;  /* the value word of DT_RPATH */
	word strtab; /* value of DT_STRTAB */
	word loader; /* offset of the loader's name in strings */
	char strings[]; /* folder of the libraries, relative to the program's; then the loader's name */
};
extern const struct config config __attribute__((visibility("hidden")));

enum {
	LINKS = 40,  /* symbolic links followed, as many as the kernel follows */
	PATH = 4096, /* PATH_MAX */
	SCRATCH = 4 * PATH,
};

START(graft_start)

static void die(const char *program, const char *why, const char *what)
{
	say(program);
	say(": cannot start: ");
	say(why);
	say(what);
	say("\n");
	for (;;)
		call(SYS_exit_group, 127, 0, 0, 0, 0, 0);
}

/* append adds s to the path that ends at n, and returns its new end, or 0 when it is too long. */
static word append(char *path, word n, const char *s)
{
	word i;
	for (i = 0; s[i]; i++) {
		if (n + i + 1 >= 2 * PATH)
			return 0;
		path[n + i] = s[i];
	}
	path[n + i] = 0;
	return n + i;
}

/* folder returns the length of a path without its last component, its slash included. */
static word folder(const char *path)
{
	word i, n = 0;
	for (i = 0; path[i]; i++)
		if (path[i] == '/')
			n = i + 1;
	return n;
}

static sword readlink(const char *path, char *to)
{
	sword n = call(SYS_readlinkat, (word)AT_FDCWD, (word)path, (word)to, PATH - 1, 0, 0);
	if (!failed(n))
		to[n] = 0;
	return n;
}

/* resolve writes the absolute path of the file that name leads to, for a system without /proc. */
static int resolve(const char *name, char *path, char *link)
{
	word n = 0, left;
	if (name[0] != '/') {
		sword r = call(SYS_getcwd, (word)path, PATH, 0, 0, 0, 0);
		if (failed(r) || path[0] != '/')
			return 0;
		n = length(path);
		if (path[n - 1] != '/')
			n = append(path, n, "/");
	}
	n = append(path, n, name);
	for (left = LINKS; n && left; left--) {
		if (failed(readlink(path, link)))
			return 1;
		n = append(path, link[0] == '/' ? 0 : folder(path), link);
	}
	return 0;
}

static sword map(word addr, word len, word prot, word flags, sword fd, word off)
{
#if defined(__arm__)
	off >>= 12; /* mmap2 counts in 4096 bytes, whatever the page size is */
#endif
	return call(SYS_mmap, addr, len, prot, flags, (word)fd, off);
}

/* loader opens the loader that lies beside the program; path becomes its folder. */
static sword loader(char *path)
{
	word n, end;
	sword fd;
	n = append(path, folder(path), config.strings);
	end = n ? append(path, n, "/") : 0;
	if (end)
		end = append(path, end, config.strings + config.loader);
	if (!end)
		return -1;
	fd = call(SYS_openat, (word)AT_FDCWD, (word)path, O_CLOEXEC, 0, 0, 0);
	if (!failed(fd))
		path[n] = 0;
	return fd;
}

/*
 * load maps the loader as the kernel does and returns its load bias; *entry becomes the
 * address to enter it at. head has PATH bytes of room for the loader's headers. 0 is failure.
 */
static word load(sword fd, char *head, word page, word *entry)
{
	const struct ehdr *eh = (const struct ehdr *)head;
	const struct phdr *ph;
	word low = -1, high = 0, bias, i, got = 0;
	sword r;

	while (got < PATH && !failed(r = call(SYS_read, fd, (word)head + got, PATH - got, 0, 0, 0)) && r > 0)
		got += r;
	if (got < sizeof *eh || head[0] != 0x7f || head[1] != 'E' || head[2] != 'L' || head[3] != 'F')
		return 0;
	if (eh->phentsize != sizeof *ph || eh->phoff > got || eh->phnum > (got - eh->phoff) / sizeof *ph)
		return 0;
	ph = (const struct phdr *)(head + eh->phoff);
	for (i = 0; i < eh->phnum; i++) {
		if (ph[i].type != PT_LOAD)
			continue;
		if (ph[i].vaddr < low)
			low = ph[i].vaddr;
		if (ph[i].vaddr + ph[i].memsz > high)
			high = ph[i].vaddr + ph[i].memsz;
	}
	if (high <= low)
		return 0;
	low &= -page;
	r = map(0, high - low, 0, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (failed(r))
		return 0;
	bias = (word)r - low;
	for (i = 0; i < eh->phnum; i++) {
		const struct phdr *p = &ph[i];
		word prot, skew, at, file_end, end;
		if (p->type != PT_LOAD)
			continue;
		prot = (p->flags & PF_R ? PROT_READ : 0) | (p->flags & PF_W ? PROT_WRITE : 0) | (p->flags & PF_X ? PROT_EXEC : 0);
		skew = p->vaddr & (page - 1);
		at = bias + p->vaddr - skew;
		file_end = bias + p->vaddr + p->filesz;
		end = bias + p->vaddr + p->memsz;
		if (p->filesz && failed(map(at, p->filesz + skew, prot, MAP_PRIVATE | MAP_FIXED, fd, p->offset - skew)))
			return 0;
		if (p->memsz > p->filesz) {
			word next = p->filesz ? (file_end + page - 1) & -page : at;
			volatile char *z;
			if (p->flags & PF_W)
				for (z = (volatile char *)file_end; (word)z < next; z++)
					*z = 0;
			if (end > next && failed(map(next, end - next, prot, MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS, -1, 0)))
				return 0;
		}
	}
	*entry = bias + eh->entry;
	return bias;
}

/* graft_start gets the stack as the kernel left it and returns the address to go on at. */
__attribute__((visibility("hidden"), used)) word graft_start(word *sp)
{
	const struct config *c = &config;
	word bias = (word)c - c->self;
	word argc = sp[0], *p = sp + 1 + argc + 1;
	const char *name = argc ? (const char *)sp[1] : "program", *file = 0;
	word *phdr = 0, *phnum = 0, *base = 0, *entry = 0, page = 4096, secure = 0, at, i;
	char *path, *link;
	sword fd, r;
	int told = 0;

	while (*p++)
		;
	for (; p[0]; p += 2) {
		switch (p[0]) {
		case AT_PHDR: phdr = &p[1]; break;
		case AT_PHNUM: phnum = &p[1]; break;
		case AT_BASE: base = &p[1]; break;
		case AT_ENTRY: entry = &p[1]; break;
		case AT_PAGESZ: page = p[1]; break;
		case AT_SECURE: secure = p[1]; break;
		case AT_EXECFN: file = (const char *)p[1]; break;
		}
	}
	if (!phdr || !phnum || !base || !entry)
		die(name, "the system tells too little about the program", "");
	if (secure) /* whoever can link to the program from a folder of his would choose the libraries */
		die(name, "setuid, setgid and file capabilities do not go together with libraries beside the program", "");

	r = map(0, SCRATCH, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (failed(r))
		die(name, "no memory", "");
	path = (char *)r;
	link = path + 2 * PATH;

	r = readlink("/proc/self/exe", path);
	fd = -1;
	if (!failed(r) && path[0] == '/')
		fd = loader(path);
	if (failed(fd)) {
		/* No /proc, or the path does not lead there any more: the loader would not find
		 * $ORIGIN either, so it is told the folder. */
		path[0] = 0;
		if (file && resolve(file, path, link))
			fd = loader(path);
		if (failed(fd))
			die(name, "no loader at ", path);
		for (i = 0; path[i]; i++)
			if (path[i] == ':' || path[i] == '$')
				die(name, "without /proc, no colon or dollar may be in the path ", path);
		*(word *)(c->rpath + bias) = (word)path - (c->strtab + bias);
		told = 1;
	}
	*base = load(fd, link, page, &at);
	if (!*base)
		die(name, "cannot load ", c->strings + c->loader);
	call(SYS_close, fd, 0, 0, 0, 0, 0);
	if (!told)
		call(SYS_munmap, (word)path, SCRATCH, 0, 0, 0, 0);
	*phdr = c->phdr + bias;
	*phnum = c->phnum;
	*entry = c->entry + bias;
	return at;
}
