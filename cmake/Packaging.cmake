# What `cmake --install` and CPack put together: the program, its scenarios and its documentation. A .deb names the libraries that it needs,
# found out by dpkg-shlibdeps; the .tar.gz is for systems where they are installed otherwise.

include(GNUInstallDirs)
install(TARGETS caesura RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(DIRECTORY scenarios/ DESTINATION ${CMAKE_INSTALL_DATADIR}/caesura/scenarios FILES_MATCHING
  PATTERN "*.yaml"
  REGEX "scenarios/(format|results|run|study|report|page)$" EXCLUDE)
install(FILES README.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY docs/ DESTINATION ${CMAKE_INSTALL_DOCDIR}/docs)

set(CPACK_GENERATOR DEB TGZ)
set(CPACK_PACKAGE_NAME caesura)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_CONTACT "The Caesura authors <caesura@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "Measures what cancelling LLM-agent requests costs and saves")
set(CPACK_PACKAGE_DESCRIPTION "Runs scenarios of LLM-agent requests that users cancel, in virtual or real time, and serves them over HTTP to
applications whose own cancel handling is to be tested.")
set(CPACK_PACKAGE_DIRECTORY ${CMAKE_BINARY_DIR}/packages)
set(CPACK_STRIP_FILES ON)
set(CPACK_VERBATIM_VARIABLES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION devel)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
include(CPack)
