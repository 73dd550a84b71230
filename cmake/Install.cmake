# What `make install` installs beside the tools (see ssmc_add_tool): the headers
# for threads and the package that find_package(ssmc) finds.
include(CMakePackageConfigHelpers)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/ssmcConfigVersion.cmake
  COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
install(FILES cmake/ssmcConfig.cmake ${PROJECT_BINARY_DIR}/ssmcConfigVersion.cmake
  DESTINATION lib/cmake/ssmc)
install(FILES runtime/ssmc_executor.h runtime/ssmc_openmp.h runtime/ssmc_threads.hpp
  DESTINATION include)
