__declspec(dllimport) int foo(int);
__declspec(dllimport) int bar(int);
int late(int); int later(int);
void *__stdcall __delayLoadHelper2(const void *d, void **p) { return 0; }
__declspec(dllexport) int entry(void) { return foo(1)+bar(2)+late(3)+later(4); }
