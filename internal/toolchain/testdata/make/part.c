int part(void) { return sizeof(void *); }
