/*
 * A stand-in for the dynamic loader: it checks that it was mapped and entered as the kernel
 * would have done it, says where the program wants its libraries from, and starts the program.
 */
#include "../stub/sys.h"

START(loader_start)

extern const struct ehdr __ehdr_start __attribute__((visibility("hidden")));

static int written = 42;
static char blank[70000]; /* more than a page, whatever the page size is */

static void check(int ok, const char *what)
{
	if (ok)
		return;
	say("loader: wrong ");
	say(what);
	say("\n");
	for (;;)
		call(SYS_exit_group, 1, 0, 0, 0, 0, 0);
}

__attribute__((visibility("hidden"), used)) word loader_start(word *sp)
{
	word *p = sp + 1 + sp[0] + 1, phnum = 0, base = 0, entry = 0, bias = 0, i;
	const struct phdr *ph = 0;
	const word *dyn = 0;
	const char *names = 0, *interp = 0;

	while (*p++)
		;
	for (; p[0]; p += 2) {
		switch (p[0]) {
		case AT_PHDR: ph = (const struct phdr *)p[1]; break;
		case AT_PHNUM: phnum = p[1]; break;
		case AT_BASE: base = p[1]; break;
		case AT_ENTRY: entry = p[1]; break;
		}
	}
	check(base == (word)&__ehdr_start, "AT_BASE");
	written++;
	check(written == 43, "data");
	for (i = 0; i < sizeof blank; i++)
		check(blank[i] == 0, "bss");
	for (i = 0; i < sizeof blank; i++)
		blank[i] = 1;
	for (i = 0; i < phnum; i++)
		if (ph[i].type == PT_PHDR)
			bias = (word)ph - ph[i].vaddr;
	for (i = 0; i < phnum; i++) {
		if (ph[i].type == PT_INTERP)
			interp = (const char *)(bias + ph[i].vaddr);
		if (ph[i].type == PT_DYNAMIC)
			dyn = (const word *)(bias + ph[i].vaddr);
	}
	check(interp && interp[0] == '/', "PT_INTERP");
	check(dyn != 0, "PT_DYNAMIC");
	((volatile word *)dyn)[0] = dyn[0]; /* the loader writes to it */
	for (i = 0; dyn[i]; i += 2)
		if (dyn[i] == 5)
			names = (const char *)(bias + dyn[i + 1]);
	for (i = 0; dyn[i]; i += 2) {
		if (dyn[i] == 15) {
			say("rpath ");
			say(names + dyn[i + 1]);
			say("\n");
		}
	}
	return entry;
}
