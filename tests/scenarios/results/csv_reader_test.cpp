#include "scenarios/results/csv_reader.hpp"

#include "scenarios/format/scenario.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <limits>
#include <string>

namespace caesura {
namespace {

using testing::HasSubstr;

/// A file of this text, which is gone at the end of the test.
class CsvFile {
 public:
  explicit CsvFile(const std::string& text)
      : path_(std::filesystem::path(testing::TempDir()) / (test_name() + ".csv")) {
    std::ofstream(path_, std::ios::binary) << text;
  }
  CsvFile(const CsvFile&) = delete;
  CsvFile& operator=(const CsvFile&) = delete;
  ~CsvFile() { std::filesystem::remove(path_); }
  std::string name() const { return path_.string(); }

 private:
  static std::string test_name() {
    return testing::UnitTest::GetInstance()->current_test_info()->name();
  }
  std::filesystem::path path_;
};

/// What is wrong with the first line that has something wrong, read as whole numbers of columns a
/// and b.
std::string fault_of(const std::string& text) {
  const CsvFile file(text);
  try {
    CsvReader reader(file.name(), {"a", "b"});
    while (reader.next()) {
      reader.units(0, 0);
      reader.units(1, 0);
    }
  } catch (const ScenarioError& error) {
    return std::string(error.what()).substr(file.name().size());
  }
  return "nothing";
}

TEST(CsvReader, FindsColumnsByNameInAnyOrder) {
  const CsvFile file("b,other,a\n2,x,1\n4,,3\n");
  CsvReader reader(file.name(), {"a", "b"});
  ASSERT_TRUE(reader.next());
  EXPECT_EQ(reader.text(0), "1");
  EXPECT_EQ(reader.text(1), "2");
  ASSERT_TRUE(reader.next());
  EXPECT_EQ(reader.units(0, 0), 3);
  EXPECT_EQ(reader.units(1, 0), 4);
  EXPECT_FALSE(reader.next());
}

TEST(CsvReader, ReadsDecimalsExactly) {
  const CsvFile file("a\n1.5\n-0.000000001\n3\n9223372036.854775807\n\"\"\n");
  CsvReader reader(file.name(), {"a"});
  for (const std::int64_t ns :
       {std::int64_t{1'500'000'000}, std::int64_t{-1}, std::int64_t{3'000'000'000},
        std::numeric_limits<std::int64_t>::max()}) {
    ASSERT_TRUE(reader.next());
    EXPECT_EQ(reader.units(0, 9), ns);
  }
  ASSERT_TRUE(reader.next());
  EXPECT_THROW(reader.units(0, 9), ScenarioError);
}

TEST(CsvReader, TellsAnEmptyCellFromZero) {
  const CsvFile file("a,b\n,0\n");
  CsvReader reader(file.name(), {"a", "b"});
  ASSERT_TRUE(reader.next());
  EXPECT_FALSE(reader.optional_units(0, 9));
  EXPECT_EQ(reader.optional_units(1, 9), 0);
}

TEST(CsvReader, ReadsLinesAcrossTheEndOfItsBuffer) {
  std::string text = "a,b\n";
  for (int i = 0; i < 200'000; ++i) text += std::to_string(i) + ",1000000\n";  // 2.7 MB
  const CsvFile file(text);
  CsvReader reader(file.name(), {"a", "b"});
  std::int64_t lines = 0;
  for (; reader.next(); ++lines) {
    ASSERT_EQ(reader.units(0, 0), lines);
    ASSERT_EQ(reader.units(1, 0), 1'000'000);
  }
  EXPECT_EQ(lines, 200'000);
}

TEST(CsvReader, NamesTheLineOfAFault) {
  EXPECT_EQ(fault_of("a,b\n1,2\n1,2\r\n"), "nothing");
  EXPECT_EQ(fault_of("a,b\n1,2\n1,x\n"), ":3: b is 'x', which is not a whole number");
  EXPECT_EQ(fault_of("a,b\n1,2.5\n"), ":2: b is '2.5', which is not a whole number");
  EXPECT_EQ(fault_of("a,b\n1\n"), ":2: has 1 cells where the header has 2");
  EXPECT_EQ(fault_of("a,b\n1,2,3\n"), ":2: has 3 cells where the header has 2");
  EXPECT_THAT(fault_of("a,b\n1,99999999999999999999\n"),
              HasSubstr(":2: b is '99999999999999999999'"));
  EXPECT_THAT(fault_of("a,b\n1,1.\n"), HasSubstr("is '1.'"));
  EXPECT_THAT(fault_of("a,b\n1,.5\n"), HasSubstr("is '.5'"));
}

TEST(CsvReader, RefusesAHeaderWithoutAColumnAndAFileThatIsCutOff) {
  EXPECT_EQ(fault_of("a,c\n"), ":1: the header has no column 'b'");
  EXPECT_EQ(fault_of("a,b,a\n"), ":1: the header has two columns 'a'");
  EXPECT_EQ(fault_of(""), ": is empty; it needs a header line");
  EXPECT_EQ(fault_of("a,b\n1,2"), ":2: the file is cut off within this line");
  EXPECT_THAT(fault_of("a,b\n" + std::string(2'000'000, '1') + "\n"),
              HasSubstr(":2: the line is too long"));
  EXPECT_THROW(CsvReader("/no/such/file.csv", {"a"}), ScenarioError);
  EXPECT_THROW(CsvReader(testing::TempDir(), {"a"}), ScenarioError);
}

}  // namespace
}  // namespace caesura
