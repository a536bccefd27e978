// Small calls C of its own, of the C library and of its mathematics library.
package main

/*
#cgo CFLAGS: -march=native -Wall -Werror -I.
#cgo LDFLAGS: -lm -Wl,--push-state,--as-needed -lpthread -Wl,--pop-state -Wl,-rpath-link,/nowhere
#include <assert.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

static void *work(void *p) { *(double *)p = sqrt(*(double *)p); return p; }

static double call(double x) {
	char b[64];
	pthread_t t;
	snprintf(b, sizeof b, "%f", x);
	assert(pthread_create(&t, NULL, work, &x) == 0);
	pthread_join(t, NULL);
	return x + strlen(b);
}

static const char *where(void) { return __FILE__; }
*/
import "C"

import "fmt"

func main() {
	fmt.Println(float64(C.call(16)))
	fmt.Println(C.GoString(C.where()))
}
