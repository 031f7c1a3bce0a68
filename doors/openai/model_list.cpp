#include "doors/openai/model_list.hpp"

#include "doors/control/plain_json.hpp"

namespace caesura {
namespace {

using Json = nlohmann::ordered_json;

Json entry(std::string_view name, std::int64_t created) {
  return {{"id", name}, {"object", "model"}, {"created", created}, {"owned_by", "caesura"}};
}

}  // namespace

std::string model_list(const std::vector<std::string>& names, std::int64_t created) {
  Json data = Json::array();
  for (const std::string& name : names) data.push_back(entry(name, created));
  return compact({{"object", "list"}, {"data", std::move(data)}});
}

std::string model_entry(std::string_view name, std::int64_t created) {
  return compact(entry(name, created));
}

}  // namespace caesura
