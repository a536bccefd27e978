#include <cairo.h>
#include <stdio.h>

int part(void);

int main(void) {
	printf("%d %d\n", part(), cairo_version() >= 11600);
	return 0;
}
