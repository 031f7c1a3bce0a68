# Finds the C++ Actor Framework of the 0.17 series, which ships no CMake package of its own.
#
#   find_package(CAF 0.17 REQUIRED)
#
# Imported target:
#   CAF::core          libcaf_core with its headers (as system headers) and the threads library
# Variables:
#   CAF_FOUND, CAF_VERSION, CAF_INCLUDE_DIR, CAF_CORE_LIBRARY
#
# An installation in an unusual place is found with -DCMAKE_PREFIX_PATH=<prefix> or -DCAF_ROOT=<prefix>.
# Other series are refused: 0.16 lacks, and 0.18 changed, the interfaces that the scheduler for virtual time is written against.

find_path(CAF_INCLUDE_DIR NAMES caf/actor_system.hpp)
find_library(CAF_CORE_LIBRARY NAMES caf_core)
mark_as_advanced(CAF_INCLUDE_DIR CAF_CORE_LIBRARY)

# caf/config.hpp: #define CAF_VERSION 1706 stands for 0.17.6
unset(CAF_VERSION)
if(CAF_INCLUDE_DIR AND EXISTS "${CAF_INCLUDE_DIR}/caf/config.hpp")
  file(STRINGS "${CAF_INCLUDE_DIR}/caf/config.hpp" _caf_version_line REGEX "^#define CAF_VERSION [0-9]+")
  if(_caf_version_line MATCHES "CAF_VERSION ([0-9]+)")
    math(EXPR _caf_major "${CMAKE_MATCH_1} / 10000")
    math(EXPR _caf_minor "${CMAKE_MATCH_1} / 100 % 100")
    math(EXPR _caf_patch "${CMAKE_MATCH_1} % 100")
    set(CAF_VERSION "${_caf_major}.${_caf_minor}.${_caf_patch}")
  endif()
endif()

set(_caf_reason "")
if(CAF_VERSION AND NOT CAF_VERSION MATCHES "^0\\.17\\.")
  set(_caf_reason "CAF ${CAF_VERSION} at ${CAF_INCLUDE_DIR} is not of the 0.17 series")
  set(_caf_series FALSE)
else()
  set(_caf_series TRUE)
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(
  CAF
  REQUIRED_VARS CAF_CORE_LIBRARY CAF_INCLUDE_DIR _caf_series
  VERSION_VAR CAF_VERSION
  REASON_FAILURE_MESSAGE "${_caf_reason}")

if(CAF_FOUND AND NOT TARGET CAF::core)
  find_package(Threads REQUIRED)
  add_library(CAF::core UNKNOWN IMPORTED)
  # The include directories of an imported target are system directories: CAF's headers warn under -Wconversion and -Wshadow.
  set_target_properties(
    CAF::core
    PROPERTIES IMPORTED_LOCATION "${CAF_CORE_LIBRARY}"
               INTERFACE_INCLUDE_DIRECTORIES "${CAF_INCLUDE_DIR}"
               INTERFACE_LINK_LIBRARIES Threads::Threads)
endif()
