"""lit configuration: how a test finds the tools, the data and Python.

In a test, beside the usual substitutions:
    ssm-opt, ssm-translate, ssmc, FileCheck, not, count, mlir-opt, mlir-runner, llvm-*
                the tools, by absolute path
    %data       test/data: goldens/NAME and digits/NAME
    %python     the environment of the tests (numpy, safetensors); PYTHONPATH
                holds the ssmc package and test/python
    %cc, %cxx   the C and C++ compilers of the build
    %gcc        GCC, for tests that REQUIRE it
    %build      the build's folder
    %ptxas      the PTX assembler, for tests that REQUIRE ptxas
    %runtime    runtime/: the headers that go beside emitted objects
    %llvm_lib   the libraries of LLVM and MLIR
    %simt       the emulated CUDA driver, for tests that REQUIRE simt
"""

import os
import platform
import shutil

import lit.formats
from lit.llvm import llvm_config

config.name = "ssmc"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test"]
config.excludes = ["data", "unit", "python", "Inputs"]
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = config.ssmc_test_build

source = config.ssmc_source
config.substitutions += [
    ("%data", os.path.join(source, "test", "data")),
    ("%python", config.test_python),
    ("%cc", config.c_compiler),
    ("%cxx", config.cxx_compiler),
    ("%build", os.path.dirname(config.ssmc_tools_dir)),
    ("%runtime", os.path.join(source, "runtime")),
    ("%llvm_lib", config.llvm_lib_dir),
]

llvm_config.with_system_environment(["HOME", "TMP", "TEMP", "ASAN_OPTIONS", "UBSAN_OPTIONS"])
llvm_config.with_environment("PATH", config.llvm_tools_dir, append_path=True)
config.environment["PYTHONPATH"] = os.pathsep.join(
    os.path.join(source, folder) for folder in ("python", "test/python")
)
config.environment["PYTHONDONTWRITEBYTECODE"] = "1"
llvm_config.use_default_substitutions()
llvm_config.add_tool_substitutions(
    ["ssm-opt", "ssm-translate", "ssmc", "ssm-lsp-server"], [config.ssmc_tools_dir]
)
llvm_config.add_tool_substitutions(
    ["mlir-opt", "mlir-runner", "mlir-translate", "llc", "opt"]
    + [f"llvm-{tool}" for tool in ("nm", "objdump", "mca", "readelf", "size", "mc", "ar")],
    [config.llvm_tools_dir],
)

# Features: what a test may ask for with REQUIRES.
config.available_features.add("host-" + platform.machine())
if gcc := shutil.which("gcc"):
    config.available_features.add("gcc")
    config.substitutions.append(("%gcc", gcc))
cuda = os.environ.get("CUDA_HOME", "/usr/local/cuda")
if ptxas := shutil.which("ptxas") or shutil.which("ptxas", path=os.path.join(cuda, "bin")):
    config.available_features.add("ptxas")
    config.substitutions.append(("%ptxas", ptxas))
simt = os.path.join(config.ssmc_test_build, "simt", "libcuda.so.1")
if os.path.exists(simt):
    config.available_features.add("simt")
    config.substitutions.append(("%simt", simt))
if config.sanitize:
    config.available_features.add("sanitize")
    # LLVM is not instrumented, and keeps what it allocates until exit.
    config.environment.setdefault("ASAN_OPTIONS", "detect_container_overflow=0:detect_leaks=0")
    config.environment["ASAN_SYMBOLIZER_PATH"] = os.path.join(
        config.llvm_tools_dir, "llvm-symbolizer"
    )
