/* A program that says what it is called and what is in its data. */
#include "../stub/sys.h"

START(program_start)

static int blank[10000];
static volatile int data = 7;

__attribute__((visibility("hidden"), used)) word program_start(word *sp)
{
	word i;
	for (i = 0; i < sizeof blank / sizeof *blank; i++)
		data += ((volatile int *)blank)[i];
	say(data == 7 ? "program " : "wrong data ");
	say((const char *)sp[1]);
	say("\n");
	for (;;)
		call(SYS_exit_group, 0, 0, 0, 0, 0, 0);
}
