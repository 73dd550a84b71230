"""lit configuration of the GoogleTest programs: every *UnitTest of the build."""

import lit.formats

config.name = "ssmc-unit"
config.suffixes = []
config.test_source_root = config.ssmc_test_build
config.test_exec_root = config.ssmc_test_build
config.test_format = lit.formats.GoogleTest(".", "UnitTest")
config.environment["SSMC_TEST_DATA"] = config.ssmc_source + "/test/data"
if config.sanitize:
    config.environment["ASAN_OPTIONS"] = "detect_container_overflow=0:detect_leaks=0"
