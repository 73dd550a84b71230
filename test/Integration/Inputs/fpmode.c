/* A caller with unusual floating-point modes. */
#include <xmmintrin.h>

/* Sets MXCSR; returns what it was. */
unsigned swap_mode(unsigned mode) {
  unsigned before = _mm_getcsr();
  _mm_setcsr(mode);
  return before;
}
