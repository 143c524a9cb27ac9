# sluice_module(NAME SOURCE...) builds NAME.so from the public headers alone. What it does not define itself the executable has.
set(SLUICE_MODULE_DIRECTORY ${CMAKE_BINARY_DIR}/modules)

function(sluice_module NAME)
  add_library(${NAME} MODULE ${ARGN})
  target_include_directories(${NAME} PRIVATE ${CMAKE_SOURCE_DIR}/core/include)
  sluice_shipped_module(${NAME})
endfunction()

# sluice_shipped_module(TARGET) puts a module library among those that load by themselves.
function(sluice_shipped_module NAME)
  set_target_properties(${NAME} PROPERTIES PREFIX "" LIBRARY_OUTPUT_DIRECTORY ${SLUICE_MODULE_DIRECTORY})
  set_property(GLOBAL APPEND PROPERTY SLUICE_MODULES ${NAME})
endfunction()

# sluice_module_index() writes the index of all shipped modules: which directive loads which file. Call it once, last.
function(sluice_module_index)
  get_property(modules GLOBAL PROPERTY SLUICE_MODULES)
  add_custom_command(
    OUTPUT ${SLUICE_MODULE_DIRECTORY}/index
    COMMAND sluice --index ${SLUICE_MODULE_DIRECTORY} > ${SLUICE_MODULE_DIRECTORY}/index.new
    COMMAND ${CMAKE_COMMAND} -E rename ${SLUICE_MODULE_DIRECTORY}/index.new ${SLUICE_MODULE_DIRECTORY}/index
    DEPENDS sluice ${modules}
    COMMENT "Writing the module index"
    VERBATIM)
  add_custom_target(module_index ALL DEPENDS ${SLUICE_MODULE_DIRECTORY}/index)
endfunction()
