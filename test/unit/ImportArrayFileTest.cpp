//===- ImportArrayFileTest.cpp - Reading inputs and writing outputs -------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ImportTestHelpers.h"
#include "lib/Import/ArrayFile.h"
#include "lib/Import/AtomicFile.h"
#include <cmath>

using namespace llvm;
using namespace ssmc;
using namespace ssmc::test;

static ArrayPath pathOf(const std::string &text) {
  return cantFail(ArrayPath::parse(text));
}

static std::string messageOf(Error error) {
  if (!error)
    return "ok";
  std::string text;
  handleAllErrors(std::move(error), [&](const ErrorInfoBase &info) {
    if (info.isA<TextError>()) {
      auto &located = static_cast<const TextError &>(info);
      text += std::to_string(located.line) + ":" +
              std::to_string(located.column) + ": ";
    }
    text += info.message();
  });
  return text;
}

static std::string readMessage(const std::string &path, int64_t features) {
  auto input = readModelInput(pathOf(path), features);
  return input ? "ok" : messageOf(input.takeError());
}

/// A .npy file with header `dictionary`.
static std::string makeNpy(StringRef dictionary, StringRef data) {
  std::string text = std::string("\x93NUMPY\x01\x00", 8);
  text += static_cast<char>(dictionary.size());
  text += '\0';
  return text + dictionary.str() + data.str();
}

TEST(ImportArrayFile, PathsNameTheFormat) {
  EXPECT_EQ(pathOf("-").format, ArrayPath::Format::Raw);
  EXPECT_EQ(pathOf("a.npy").format, ArrayPath::Format::Npy);
  ArrayPath tensor = pathOf("b:c/a.safetensors:first.x:y");
  EXPECT_EQ(tensor.file, "b:c/a.safetensors");
  EXPECT_EQ(tensor.tensor, "first.x:y");
  EXPECT_EQ(messageOf(ArrayPath::parse("a.txt").takeError()),
            "unknown format; expected FILE.npy, FILE.csv, "
            "FILE.safetensors:TENSOR or -");
  for (StringRef text : {"a.safetensors", "a.safetensors:"})
    EXPECT_EQ(messageOf(ArrayPath::parse(text).takeError()),
              "no tensor is named; expected FILE.safetensors:TENSOR");
}

TEST(ImportArrayFile, RoundTrips) {
  TemporaryFolder folder;
  Array doubles = Array::fromF64({2, 3}, {0.1, -0.0, 1e-300, INFINITY, 5, 6});
  Array floats = Array::fromF32({1, 2, 2}, {0.1f, 3, -4, 0x1p-149f});
  Array integers = Array::fromI32({3}, {1, -2, 3});
  for (const Array *array : {&doubles, &floats, &integers})
    for (StringRef name : {"a.npy", "a.safetensors:t"}) {
      ArrayPath path = pathOf(folder.file(name));
      ASSERT_FALSE(writeArray(path, array->view()));
      Array read = cantFail(readArray(path, DType::F32));
      EXPECT_EQ(read.shape, array->shape);
      EXPECT_EQ(read.dtype, array->dtype);
      EXPECT_EQ(read.bytes, array->bytes);
    }
  ArrayPath csv = pathOf(folder.file("a.csv"));
  ASSERT_FALSE(writeArray(csv, doubles.view()));
  EXPECT_EQ(readFile(csv.file), "0.10000000000000001,-0,1e-300\n"
                                "inf,5,6\n");
  EXPECT_EQ(cantFail(readArray(csv, DType::F32)).bytes, doubles.bytes);
  EXPECT_EQ(messageOf(writeArray(csv, floats.view())),
            "a CSV file holds rows of one sequence, not the shape [1,2,2]; "
            "write .npy or .safetensors");
}

TEST(ImportArrayFile, RefusesWhatFloatsCannotHold) {
  TemporaryFolder folder;
  auto write = [&](StringRef name, ArrayRef<int64_t> shape,
                   ArrayRef<double> values) {
    ArrayPath path = pathOf(folder.file(name));
    EXPECT_FALSE(writeArray(path, Array::fromF64(shape, values).view()));
    return path;
  };
  double largest = 0x1.fffffefffffffp127; // rounds to the largest float
  double infinity = INFINITY, nan = NAN;
  for (StringRef name : {"x.npy", "x.safetensors:t"}) {
    auto path = write(name, {2, 2}, {infinity, nan, -largest, 1});
    EXPECT_EQ(cantFail(readModelInput(path, 2)).array.dtype, DType::F32);
    path = write(name, {2, 2}, {1, 2, 3, -0x1.ffffffp127});
    EXPECT_EQ(messageOf(readModelInput(path, 2).takeError()),
              "is -3.40282e+38 at [1,1]; expected numbers that a float can "
              "hold, or infinity");
  }
  auto input = cantFail(readModelInput(write("x.npy", {2, 1}, {1, 2}), 1));
  auto steps = readTimeSteps(write("dt.npy", {2}, {1, 1e39}), input);
  EXPECT_EQ(messageOf(steps.takeError()),
            "is 1e+39 at [1]; expected numbers that a float can hold, or "
            "infinity");
}

TEST(ImportArrayFile, ReadsWhatNumpyWrites) {
  TemporaryFolder folder;
  std::string dictionary =
      "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), }     \n";
  StringRef data("\0\0\x80\x3f\0\0\0\x40", 8);
  Array array = cantFail(readArray(
      pathOf(folder.write("x.npy", makeNpy(dictionary, data))), DType::F32));
  EXPECT_EQ(array.shape, ArrayRef<int64_t>({1, 2}));
  EXPECT_EQ(array.view().toF32(), (std::vector<float>{1, 2}));
}

TEST(ImportArrayFile, RefusesBadNpy) {
  TemporaryFolder folder;
  auto message = [&](StringRef bytes) {
    return readMessage(folder.write("x.npy", bytes), 2);
  };
  auto dictionary = [&](StringRef descr, StringRef order, StringRef shape) {
    return message(makeNpy(("{'descr': " + descr + ", 'fortran_order': " +
                            order + ", 'shape': " + shape + "}")
                               .str(),
                           "12345678"));
  };
  EXPECT_EQ(dictionary("'<f4'", "False", "(1, 2)"), "ok");
  EXPECT_EQ(dictionary("'<f4'", "True", "(1, 2)"),
            "is in Fortran order; expected C order (numpy.ascontiguousarray)");
  EXPECT_EQ(dictionary("'>f4'", "False", "(1, 2)"),
            "holds elements of type '>f4'; expected <f4, <f8, <f2, <i4, <i8, "
            "<u4, |u1 or |b1 (little-endian)");
  EXPECT_EQ(dictionary("[('a', '<f4')]", "False", "(1, 2)"),
            "holds elements of type [('a', '<f4')]; expected <f4, <f8, <f2, "
            "<i4, <i8, <u4, |u1 or |b1 (little-endian)");
  EXPECT_EQ(dictionary("'<f4'", "False", "(3, 2)"),
            "holds 8 bytes of data, which do not fit shape [3,2] of F32");
  EXPECT_EQ(dictionary("'<f4'", "False", "(4294967296, 4294967296)"),
            "holds 8 bytes of data, which do not fit shape "
            "[4294967296,4294967296] of F32");
  EXPECT_EQ(dictionary("'<f4'", "False", "(-1, 2)"),
            "the .npy header has shape (-1, 2); expected a tuple of sizes");
  EXPECT_EQ(dictionary("'<f4'", "False", "(1, 2"),
            "the .npy header is malformed");
  EXPECT_EQ(message("hello"), "is no .npy file");
  EXPECT_EQ(message("\x93NUMPY\x07\x01"), "has .npy version 7; expected 1, 2 "
                                          "or 3");
  EXPECT_EQ(message(StringRef("\x93NUMPY\x01\x00\xff\xff", 10)),
            "is truncated");
  EXPECT_EQ(message(makeNpy("{'descr': '<f4'}", "")),
            "the .npy header has no 'fortran_order'");
}

TEST(ImportArrayFile, CsvErrorsNameLineAndColumn) {
  TemporaryFolder folder;
  auto message = [&](StringRef text, int64_t features) {
    return readMessage(folder.write("x.csv", text), features);
  };
  EXPECT_EQ(message("1, 2\r\n\n nan,-inf\r\n", 2), "ok");
  EXPECT_EQ(message("1,2\n3,x4\n", 2), "2:3: found 'x4'; expected a number");
  EXPECT_EQ(message("1,2\n3,\n", 2), "2:3: found ''; expected a number");
  EXPECT_EQ(message("3.4028235e38,-3.4028235e38\n", 2), "ok");
  EXPECT_EQ(message("1,2\n3, 1e400\n", 2),
            "2:4: found '1e400'; expected a number that a float can hold, or "
            "inf");
  EXPECT_EQ(message("-3.5e38,2\n", 2),
            "1:1: found '-3.5e38'; expected a number that a float can hold, or "
            "inf");
  EXPECT_EQ(message("1,2\n3\n", 2),
            "2:1: the row has 1 numbers; expected 2, as in the rows before");
  EXPECT_EQ(message("1,2\n", 3),
            "has shape [1,2]; expected (L, 3) or (B, L, 3)");
  EXPECT_EQ(message("", 3), "ok");
}

TEST(ImportArrayFile, ModelInputsGetABatchAxis) {
  TemporaryFolder folder;
  auto read = [&](const Array &array, int64_t features) {
    ArrayPath path = pathOf(folder.file("x.npy"));
    cantFail(writeArray(path, array.view()));
    return cantFail(readModelInput(path, features));
  };
  ModelInput one = read(Array::fromF64({3, 1}, {1, 2, 3}), 1);
  EXPECT_FALSE(one.isBatched);
  EXPECT_EQ(one.array.shape, ArrayRef<int64_t>({1, 3, 1}));
  EXPECT_EQ(one.array.dtype, DType::F32);
  EXPECT_TRUE(read(Array::fromF32({1, 3, 1}, {1, 2, 3}), 1).isBatched);
  ModelInput tokens = read(Array::fromI32({2, 2}, {1, 2, -3, 4}), 0);
  EXPECT_TRUE(tokens.isBatched);
  EXPECT_EQ(tokens.array.dtype, DType::I32);
  EXPECT_EQ(readMessage(folder.file("x.npy"), 1),
            "has shape [2,2]; expected (L, 1) or (B, L, 1)");
  read(Array::fromI32({2, 2}, {1, 2, 3, 4}), 2);
  cantFail(writeArray(pathOf(folder.file("x.npy")),
                      Array::fromF32({2}, {1, 2}).view()));
  EXPECT_EQ(readMessage(folder.file("x.npy"), 0),
            "has elements that are no token ids (F32); expected integers of "
            "32 bits");
  folder.write("x.csv", "3\n1\n2\n");
  ModelInput column = cantFail(readModelInput(pathOf(folder.file("x.csv")), 0));
  EXPECT_EQ(column.array.shape, ArrayRef<int64_t>({1, 3}));
  EXPECT_EQ(readMessage(folder.write("y.csv", "1\n2.5\n"), 0),
            "has elements that are no token ids (F64); expected integers of "
            "32 bits");
}

TEST(ImportArrayFile, MissingFilesAndTensorsAreNamed) {
  TemporaryFolder folder;
  EXPECT_EQ(readMessage(folder.file("x.npy"), 1),
            "cannot be read: No such file or directory");
  cantFail(writeArray(pathOf(folder.file("x.safetensors:a")),
                      Array::fromF32({1, 1}, {1}).view()));
  EXPECT_EQ(readMessage(folder.file("x.safetensors:b"), 1),
            "there is no tensor b; the file has a");
}

//===----------------------------------------------------------------------===//
// writeFile, writeFiles
//===----------------------------------------------------------------------===//

static Error writeText(const std::string &path, StringRef text) {
  return writeFile(path, [&](raw_pwrite_stream &os) {
    os << text;
    return Error::success();
  });
}

TEST(ImportAtomicFile, ReplacesWholeFiles) {
  TemporaryFolder folder;
  std::string path = folder.file("out");
  EXPECT_EQ(messageOf(writeText(path, "first")), "ok");
  EXPECT_EQ(messageOf(writeText(path, "2nd")), "ok");
  EXPECT_EQ(readFile(path), "2nd");
  EXPECT_EQ(folder.list(), "out");
}

TEST(ImportAtomicFile, AFailureLeavesWhatWasThere) {
  TemporaryFolder folder;
  std::string path = folder.write("out", "before");
  Error error = writeFile(path, [](raw_pwrite_stream &os) {
    os << "half of it";
    return createStringError("stop");
  });
  EXPECT_EQ(messageOf(std::move(error)), "stop");
  EXPECT_EQ(readFile(path), "before");
  EXPECT_EQ(folder.list(), "out");
}

TEST(ImportAtomicFile, SeveralFilesChangeOrNone) {
  TemporaryFolder folder;
  std::string old = folder.write("old", "before"), added = folder.file("added"),
              last = folder.file("last");
  auto write = [](raw_pwrite_stream &os) {
    os << "after";
    return Error::success();
  };
  auto stop = [](raw_pwrite_stream &) { return createStringError("stop"); };
  // What takes the last file's place is found only when the others are there.
  auto takePlace = [&](raw_pwrite_stream &) {
    cantFail(errorCodeToError(sys::fs::create_directory(last)));
    return Error::success();
  };
  FileToWrite first[] = {{old, write}, {added, write}};
  auto messageOfAll = [&](FileToWrite third) {
    return folder.shorten(messageOf(writeFiles({first[0], third, first[1]})));
  };
  EXPECT_EQ(messageOfAll({last, stop}), "'last': stop");
  EXPECT_EQ(messageOfAll({"/dev/full", write}),
            "'/dev/full': cannot be written: No space left on device");
  EXPECT_EQ(messageOfAll({last, takePlace}),
            "'last': cannot be written: Is a directory");
  EXPECT_EQ(readFile(old), "before");
  EXPECT_FALSE(sys::fs::exists(added));
  EXPECT_FALSE(sys::fs::remove(last));
  EXPECT_EQ(folder.list(), "old");
  EXPECT_EQ(messageOfAll({"/dev/null", write}), "ok");
  EXPECT_EQ(readFile(old) + readFile(added), "afterafter");
  EXPECT_EQ(folder.list(), "added old");
}

TEST(ImportAtomicFile, FoldersAndMissingFoldersAreErrors) {
  TemporaryFolder folder;
  EXPECT_EQ(messageOf(writeText(folder.file(""), "x")),
            "cannot be written: Is a directory");
  EXPECT_EQ(messageOf(writeText(folder.file("no/out"), "x")),
            "cannot be written: No such file or directory");
}

TEST(ImportAtomicFile, AFullDiskIsAnError) {
  if (!sys::fs::exists("/dev/full"))
    GTEST_SKIP() << "no /dev/full";
  EXPECT_EQ(messageOf(writeText("/dev/full", std::string(1 << 20, 'x'))),
            "cannot be written: No space left on device");
}

TEST(ImportAtomicFile, LinksKeepPointingToTheFile) {
  TemporaryFolder folder;
  std::string path = folder.write("file", "before");
  ASSERT_FALSE(sys::fs::create_link(path, folder.file("link")));
  EXPECT_EQ(messageOf(writeText(folder.file("link"), "after")), "ok");
  EXPECT_EQ(readFile(path), "after");
  EXPECT_EQ(folder.list(), "file link");
}
