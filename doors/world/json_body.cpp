#include "doors/world/json_body.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <string>
#include <utility>
#include <vector>

namespace caesura {
namespace {

using Json = nlohmann::json;

BodyOutOfBounds too_much(const std::string& message) {
  return {RefusalKind::bad_request, 400, message};
}

/// Builds values while they are read, within bounds. (The library's own parser bounds depth by a
/// callback only, and with one it looks through a list again for every object in it.)
class BoundedBuilder final : public nlohmann::json_sax<Json> {
 public:
  Json take() { return std::move(root_); }

  bool null() override { return add(nullptr); }
  bool boolean(bool value) override { return add(value); }
  bool number_integer(number_integer_t value) override { return add(value); }
  bool number_unsigned(number_unsigned_t value) override { return add(value); }
  bool number_float(number_float_t value, const string_t&) override { return add(value); }
  bool string(string_t& value) override { return add(std::move(value)); }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override { return open(Json::object()); }
  bool start_array(std::size_t) override { return open(Json::array()); }
  bool key(string_t& name) override {
    key_ = std::move(name);
    return true;
  }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool parse_error(std::size_t, const std::string&, const Json::exception&) override {
    return false;
  }

 private:
  bool add(Json value) {
    place(std::move(value));
    return true;
  }

  bool open(Json container) {
    if (open_.size() == deepest_body)
      throw too_much(fmt::format("The body is nested deeper than {} levels.", deepest_body));
    open_.push_back(place(std::move(container)));
    return true;
  }

  bool close() {
    open_.pop_back();
    return true;
  }

  Json* place(Json&& value) {
    if (++values_ > most_body_values)
      throw too_much(fmt::format("The body has more than {} values.", most_body_values));
    if (open_.empty()) return &(root_ = std::move(value));
    Json& outer = *open_.back();
    if (outer.is_array()) return &outer.get_ref<Json::array_t&>().emplace_back(std::move(value));
    Json& slot = outer.get_ref<Json::object_t&>()[std::move(key_)];
    return &(slot = std::move(value));
  }

  Json root_;
  std::vector<Json*> open_;  ///< outermost first; only the last of a list's values can be open
  std::string key_;          ///< of the value to come
  std::size_t values_ = 0;
};

}  // namespace

nlohmann::json json_of_body(std::string_view body) {
  BoundedBuilder builder;
  if (!Json::sax_parse(body, &builder))
    throw Refusal(RefusalKind::bad_request, 400,
                  "We could not parse the JSON body of your request: send JSON in UTF-8.");
  return builder.take();
}

}  // namespace caesura
