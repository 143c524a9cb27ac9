# cmake --install: bin/sluice, lib/sluice/modules (with their index), include/sluice, and the package that plug-ins find.
include(CMakePackageConfigHelpers)

set(SLUICE_MODULE_INSTALL_DIR lib/sluice/modules)
set(SLUICE_PACKAGE_DIR lib/cmake/sluice)
set(SLUICE_COMPILER "${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION}")

install(TARGETS sluice RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(DIRECTORY ${CMAKE_BINARY_DIR}/modules/ DESTINATION ${SLUICE_MODULE_INSTALL_DIR}
        FILES_MATCHING PATTERN "*.so" PATTERN "index" PATTERN "CMakeFiles" EXCLUDE)
install(DIRECTORY ${CMAKE_SOURCE_DIR}/core/include/sluice DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})

configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/sluice-config.cmake.in ${CMAKE_BINARY_DIR}/sluice-config.cmake
  INSTALL_DESTINATION ${SLUICE_PACKAGE_DIR}
  PATH_VARS CMAKE_INSTALL_INCLUDEDIR CMAKE_INSTALL_BINDIR SLUICE_MODULE_INSTALL_DIR)
write_basic_package_version_file(${CMAKE_BINARY_DIR}/sluice-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/sluice-config.cmake ${CMAKE_BINARY_DIR}/sluice-config-version.cmake DESTINATION ${SLUICE_PACKAGE_DIR})
