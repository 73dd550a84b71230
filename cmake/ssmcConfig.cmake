# find_package(ssmc) gives, besides SSMC_EXECUTABLE:
#
#   ssmc_add_model(TARGET MODEL [NAME id] [CPU cpu] [WEIGHTS weights] [VERIFY]
#                  [OPTIONS option...])
#
# TARGET is a static library with the model in MODEL (a folder or a model.json)
# compiled; what links it finds its header, NAME.h, and those for threads. NAME is
# TARGET by default, CPU (its --target: for GPUs "cuda:sm_80,sm_90"), WEIGHTS (a
# file, random:SEED or runtime) and VERIFY are options of `ssmc compile`; OPTIONS are
# any others, as on its command line (--dt input, --train, --products bf16x3).

get_filename_component(SSMC_EXECUTABLE
  "${CMAKE_CURRENT_LIST_DIR}/../../../bin/ssmc" ABSOLUTE)
get_filename_component(SSMC_INCLUDE_DIR
  "${CMAKE_CURRENT_LIST_DIR}/../../../include" ABSOLUTE)

function(ssmc_add_model target model)
  cmake_parse_arguments(ARG "VERIFY" "NAME;CPU;WEIGHTS" "OPTIONS" ${ARGN})
  if(ARG_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "ssmc_add_model: unknown: ${ARG_UNPARSED_ARGUMENTS}")
  endif()
  get_filename_component(model "${model}" ABSOLUTE)
  set(inputs "${SSMC_EXECUTABLE}")
  set(source "${model}")
  if(NOT IS_DIRECTORY "${model}")
    list(APPEND inputs "${model}")
    get_filename_component(source "${model}" DIRECTORY)
  endif()
  file(GLOB files CONFIGURE_DEPENDS
    "${source}/model.json" "${source}/model.safetensors")
  list(APPEND inputs ${files})
  set(name "${target}")
  if(ARG_NAME)
    set(name "${ARG_NAME}")
  endif()
  set(options --name "${name}")
  if(ARG_CPU)
    list(APPEND options --target "${ARG_CPU}")
  endif()
  if(ARG_WEIGHTS MATCHES "^(runtime|random:[0-9]+)$")
    list(APPEND options --weights "${ARG_WEIGHTS}")
  elseif(ARG_WEIGHTS)
    get_filename_component(weights "${ARG_WEIGHTS}" ABSOLUTE)
    list(APPEND options --weights "${weights}")
    list(APPEND inputs "${weights}")
  endif()
  if(ARG_VERIFY)
    list(APPEND options --verify)
  endif()
  list(APPEND options ${ARG_OPTIONS})

  set(folder "${CMAKE_CURRENT_BINARY_DIR}/${target}.ssmc")
  file(MAKE_DIRECTORY "${folder}")
  add_custom_command(
    OUTPUT "${folder}/${name}.o" "${folder}/${name}.h"
    COMMAND "${SSMC_EXECUTABLE}" compile "${model}" -o "${folder}/${name}" ${options}
    DEPENDS ${inputs}
    COMMENT "Compiling the model ${name}"
    VERBATIM)
  add_library("${target}" STATIC "${folder}/${name}.o" "${folder}/${name}.h")
  set_source_files_properties("${folder}/${name}.o" PROPERTIES
    EXTERNAL_OBJECT ON GENERATED ON)
  set_target_properties("${target}" PROPERTIES LINKER_LANGUAGE C)
  target_include_directories("${target}" PUBLIC "${folder}" "${SSMC_INCLUDE_DIR}")
  if(ARG_CPU MATCHES "^cuda") # the driver is loaded when a model is opened
    target_link_libraries("${target}" PUBLIC ${CMAKE_DL_LIBS})
  endif()
endfunction()
