# SPDX-License-Identifier: MIT
# `cmake --install` and `cpack`: the program, the .proto files, the man page and the completion of bash. The last two come
# from the program's own help, so that they have each option.
include(GNUInstallDirs)
install(TARGETS apig-sidecar RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/proto/ DESTINATION ${CMAKE_INSTALL_DATADIR}/apig-sidecar/proto
    FILES_MATCHING PATTERN "*.proto")
install(FILES ${PROJECT_SOURCE_DIR}/deploy/packages/completion
    DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME apig-sidecar)
install(CODE "execute_process(COMMAND ${PROJECT_SOURCE_DIR}/deploy/packages/man-page $<TARGET_FILE:apig-sidecar>
    OUTPUT_FILE ${PROJECT_BINARY_DIR}/apig-sidecar.8 COMMAND_ERROR_IS_FATAL ANY)")
install(FILES ${PROJECT_BINARY_DIR}/apig-sidecar.8 DESTINATION ${CMAKE_INSTALL_MANDIR}/man8)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_CONTACT "the maintainers of apig-sidecar")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "Huawei Cloud API Gateway by plain gRPC, for the service in the same pod")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS ca-certificates)
set(CPACK_STRIP_FILES ON)
include(CPack)
