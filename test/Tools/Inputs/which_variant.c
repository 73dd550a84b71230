/* Where one_step is in a shared library: which_variant LIBRARY prints its
 * offset, after the choice among CPUs. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>

int main(int argc, char **argv) {
  void *library = argc == 2 ? dlopen(argv[1], RTLD_NOW) : NULL;
  void *step = library ? dlsym(library, "one_step") : NULL;
  Dl_info info;
  if (!step || !dladdr(step, &info)) {
    fprintf(stderr, "%s\n", dlerror());
    return 1;
  }
  printf("%lx\n", (unsigned long)((char *)step - (char *)info.dli_fbase));
  return 0;
}
