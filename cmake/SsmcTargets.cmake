# How every part of the project is compiled: one place for flags, the shared
# precompiled header, and the rule that LLVM and MLIR are linked as shared
# libraries only (mixing in a static one duplicates LLVM's global state).

add_library(ssmc_options INTERFACE)
target_include_directories(ssmc_options SYSTEM INTERFACE
  ${LLVM_INCLUDE_DIRS} ${MLIR_INCLUDE_DIRS})
target_include_directories(ssmc_options INTERFACE
  ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR})
# LLVM is built without exceptions but with RTTI. -fPIC for executables too
# (CMake would pass -fPIE): a precompiled header serves one of the two only.
target_compile_options(ssmc_options INTERFACE
  -fPIC
  $<$<COMPILE_LANGUAGE:CXX>:-fno-exceptions>
  -Wall -Wextra -Wno-unused-parameter -Werror=return-type)
target_link_options(ssmc_options INTERFACE -fuse-ld=lld)
if(SSMC_SANITIZE)
  # LLVM itself is not instrumented: its containers and vtables look wrong to
  # container-overflow and vptr checks.
  target_compile_options(ssmc_options INTERFACE
    -fsanitize=address,undefined -fno-sanitize=vptr,function
    -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
  target_link_options(ssmc_options INTERFACE -fsanitize=address,undefined)
endif()

# MLIR's headers cost 13 s per file; precompiled, under one.
add_library(ssmc_pch STATIC ${CMAKE_CURRENT_LIST_DIR}/pch.cpp)
target_link_libraries(ssmc_pch PRIVATE ssmc_options)
target_precompile_headers(ssmc_pch PRIVATE ${CMAKE_CURRENT_LIST_DIR}/pch.h)

# ssmc_add_library(NAME SOURCES... [DEPENDS targets...] [LINK libs...])
function(ssmc_add_library name)
  cmake_parse_arguments(ARG "" "" "DEPENDS;LINK" ${ARGN})
  add_library(${name} STATIC ${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PUBLIC ssmc_options ${ARG_LINK})
  target_precompile_headers(${name} REUSE_FROM ssmc_pch)
  if(ARG_DEPENDS)
    add_dependencies(${name} ${ARG_DEPENDS})
  endif()
endfunction()

# ssmc_add_tool(NAME SOURCES... LINK libs...): an executable in bin/, installed.
function(ssmc_add_tool name)
  cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PRIVATE ${ARG_LINK} MLIR LLVM)
  target_precompile_headers(${name} REUSE_FROM ssmc_pch)
  set_target_properties(${name} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin
    INSTALL_RPATH_USE_LINK_PATH ON)
  install(TARGETS ${name} RUNTIME DESTINATION bin)
endfunction()

# ssmc_add_passes(FOLDER TARGET): runs tablegen on FOLDER's Passes.td.
function(ssmc_add_passes group target)
  set(LLVM_TARGET_DEFINITIONS Passes.td)
  mlir_tablegen(Passes.h.inc -gen-pass-decls -name ${group})
  add_public_tablegen_target(${target})
endfunction()
