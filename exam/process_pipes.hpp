#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <array>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace caesura {

/// Reads what comes out of a pipe, a part at a time: between two parts others on the io_context
/// have their turn, however fast it comes. On one thread.
class PipeReader {
 public:
  using Heard = std::function<void(std::string_view bytes)>;
  static constexpr std::size_t part_max = std::size_t{64} << 10U;
  /// As much as the system lets a program leave in a pipe.
  static constexpr std::size_t left_in_pipe_max = std::size_t{1} << 20U;

  /// `heard` is not called within the call; it may destroy the reader. `end`: likewise, once.
  PipeReader(boost::asio::io_context& io, Heard heard, std::function<void()> end);
  PipeReader(const PipeReader&) = delete;
  PipeReader& operator=(const PipeReader&) = delete;

  /// Begins; the descriptor becomes its own.
  void open(int descriptor);
  /// Reads what is there now, within the call; not without end, where somebody still writes.
  void drain();

 private:
  enum class More { perhaps, not_now };
  void wait();
  More read_part();

  boost::asio::posix::stream_descriptor pipe_;
  Heard heard_;
  std::function<void()> end_;
  std::array<char, part_max> buffer_{};
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

/// Writes texts into a pipe, one after another. On one thread.
class PipeWriter {
 public:
  static constexpr std::size_t waiting_max = 1000;  ///< texts; more are dropped

  explicit PipeWriter(boost::asio::io_context& io) : pipe_(io) {}
  PipeWriter(const PipeWriter&) = delete;
  PipeWriter& operator=(const PipeWriter&) = delete;

  void open(int descriptor);
  /// `handed`: called, never within the call, once the last byte is in the pipe. Nothing if the
  /// other end is closed, or after close_behind().
  void write(std::string text, std::function<void()> handed);
  /// Closes it behind what has been written.
  void close_behind();

 private:
  struct Outgoing {
    std::string text;
    std::function<void()> handed;
  };
  void write_next();

  boost::asio::posix::stream_descriptor pipe_;
  std::deque<Outgoing> outgoing_;
  bool is_closing_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

/// Cuts bytes into lines, within bounds.
class LineCutter {
 public:
  static constexpr std::size_t line_max = std::size_t{1} << 20U;  ///< bytes, without its end
  static constexpr std::size_t all_max = std::size_t{64} << 20U;  ///< bytes

  /// Calls `line` for each line that ends in `bytes`, without LF or CR LF, until `goes_on` says no.
  /// Returns what it was too much of, if it was: "a line of more than 1 MiB", "more than 64 MiB".
  std::optional<std::string> add(std::string_view bytes,
                                 const std::function<void(std::string_view)>& line,
                                 const std::function<bool()>& goes_on);
  /// What came behind the last line's end, without the CR at its own.
  std::optional<std::string> rest();

 private:
  std::string begun_;
  std::size_t bytes_ = 0;
};

/// The first and the last of a long text.
class TextEnds {
 public:
  static constexpr std::size_t each_max = std::size_t{1} << 20U;
  void add(std::string_view text);
  /// What is kept, with a line between that says how many bytes were left out.
  std::string text() const;

 private:
  std::string first_;
  std::string last_;
  std::size_t left_out_ = 0;
};

}  // namespace caesura
